#include "base/options.h"

#include <algorithm>
#include <charconv>
#include <iostream>
#include <sstream>

#include <boost/program_options.hpp>

#include "base/error.h"
#include "base/nearest.h"

namespace hens {
namespace po = boost::program_options;

namespace {

// The first argument that `usage`, "hens run JOB.yaml ...", names and that was not given.
std::string missing_argument(const std::string& usage, size_t given) {
  std::istringstream words(usage);
  std::string word;
  constexpr size_t program_and_command = 2;
  for (size_t k = 0; k <= program_and_command + given; ++k) words >> word;
  return word;
}

std::vector<std::string> long_names(const po::options_description& options) {
  std::vector<std::string> names;
  for (const auto& option : options.options()) names.push_back("--" + option->long_name());
  return names;
}

}  // namespace

Options::Options(std::string usage, std::string text, std::string example)
    : usage_(std::move(usage)), text_(std::move(text)), example_(std::move(example)), options_("Options", 100, 60) {
  options_.add_options()("help", "this text");
}

void Options::add(const char* name, const char* value, const char* text) {
  options_.add_options()(name, po::value<std::string>()->value_name(value), text);
}

void Options::add_flag(const char* name, const char* text) { options_.add_options()(name, text); }

bool Options::parse(const std::vector<std::string>& arguments, size_t least, size_t most) {
  po::options_description all;
  all.add(options_);
  all.add_options()("positional", po::value<std::vector<std::string>>());
  po::positional_options_description where;
  where.add("positional", -1);
  using namespace po::command_line_style;
  std::vector<std::string> given = arguments;
  std::replace(given.begin(), given.end(), std::string("-h"), std::string("--help"));
  try {
    po::store(po::command_line_parser(given)
                  .options(all)
                  .positional(where)
                  .style(allow_long | long_allow_adjacent | long_allow_next)
                  .run(),
              values_);
    po::notify(values_);
  } catch (const po::unknown_option& error) {
    const std::string name = error.get_option_name();
    fail(ExitCode::usage, "unknown option {}{}\nUsage: {}", name, did_you_mean(name, long_names(options_)), usage_);
  } catch (const po::error& error) {
    fail(ExitCode::usage, "{}\nUsage: {}", error.what(), usage_);
  }
  if (has("help")) {
    std::cout << "Usage: " << usage_ << "\n\n" << text_ << "\n\n" << options_ << "\nExample: " << example_ << "\n";
    return false;
  }
  positional_ = list("positional");
  const size_t count = positional_.size();
  if (count < least || count > most) {
    const std::string wrong = count < least ? missing_argument(usage_, count) + " is missing"
                                            : fmt::format("{} arguments were given, at most {} expected", count, most);
    fail(ExitCode::usage, "{}\nUsage: {}\nExample: {}", wrong, usage_, example_);
  }
  return true;
}

std::string Options::text(const std::string& option, const std::string& otherwise) const {
  return has(option) ? values_[option].as<std::string>() : otherwise;
}

std::vector<std::string> Options::list(const std::string& option) const {
  return has(option) ? values_[option].as<std::vector<std::string>>() : std::vector<std::string>{};
}

int Options::number(const std::string& option, int otherwise, int least, int most) const {
  return has(option) ? parse_number("--" + option, text(option), least, most) : otherwise;
}

int parse_number(const std::string& what, const std::string& text, int least, int most) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < least || value > most) {
    fail(ExitCode::usage, "{} {}: expected a whole number of {}..{}", what, text, least, most);
  }
  return value;
}

}  // namespace hens
