#include "commands/command_line.h"

#include <iostream>

#include <boost/program_options.hpp>

#include "base/error.h"
#include "base/nearest.h"

namespace hens {
namespace po = boost::program_options;

namespace {

std::vector<std::string> long_names(const po::options_description& options) {
  std::vector<std::string> names;
  for (const auto& option : options.options()) names.push_back("--" + option->long_name());
  return names;
}

}  // namespace

CommandLine::CommandLine(std::string usage, std::string text, std::string example)
    : usage_(std::move(usage)), text_(std::move(text)), example_(std::move(example)), options_("Options", 100, 60) {
  options_.add_options()("help", "this text");
}

void CommandLine::add_log_option() {
  options_.add_options()("log", po::value<std::string>()->value_name("FORM"),
                         "auto (text and a progress bar on a terminal, else JSON lines), text or json");
}

void CommandLine::add_cache_options() {
  options_.add_options()("cache", po::value<std::string>()->value_name("DIR"),
                         "where downloads and synthetic packages lie (default: $HENS_CACHE, else ~/.cache/hens)");
  options_.add_options()("offline", "fetch nothing: only what is local or in the cache");
}

bool CommandLine::parse(const std::vector<std::string>& arguments, size_t least, size_t most) {
  po::options_description all;
  all.add(options_);
  all.add_options()("positional", po::value<std::vector<std::string>>());
  po::positional_options_description where;
  where.add("positional", -1);
  using namespace po::command_line_style;
  try {
    po::store(po::command_line_parser(arguments)
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
  if (positional_.size() < least || positional_.size() > most) {
    fail(ExitCode::usage, "{} arguments were given\nUsage: {}\nExample: {}", positional_.size(), usage_, example_);
  }
  return true;
}

std::string CommandLine::text(const std::string& option, const std::string& otherwise) const {
  return has(option) ? values_[option].as<std::string>() : otherwise;
}

std::vector<std::string> CommandLine::list(const std::string& option) const {
  return has(option) ? values_[option].as<std::vector<std::string>>() : std::vector<std::string>{};
}

LogFormat CommandLine::log_format() const {
  const std::string form = text("log", "auto");
  if (form == "auto") return LogFormat::automatic;
  if (form == "text") return LogFormat::text;
  if (form == "json") return LogFormat::json;
  fail(ExitCode::usage, "--log {}: expected auto, text or json", form);
}

DownloadOptions CommandLine::download_options(const MirrorsSpec& mirrors) const {
  DownloadOptions options;
  options.cache = cache_folder(text("cache"));
  options.s3_mirror = mirrors.s3;
  options.hf_mirror = mirrors.hf;
  options.https_mirror = mirrors.https;
  options.offline = has("offline");
  return options;
}

}  // namespace hens
