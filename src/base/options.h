// A command line: declared options, positional arguments, help, and errors that name the nearest option. Shared by the
// programs; only options.cc and the declarations of options see Boost.Program_options.
#pragma once

#include <string>
#include <vector>

#include <boost/program_options/options_description.hpp>
#include <boost/program_options/variables_map.hpp>

namespace hens {

class Options {
 public:
  // `usage` is the line after "Usage: ", `text` what the command does, `example` a line that works.
  Options(std::string usage, std::string text, std::string example);

  // Declares options: options().add_options()("output", value<string>(), "...").
  boost::program_options::options_description& options() { return options_; }
  // The same in short: one with a value named `value`, one without.
  void add(const char* name, const char* value, const char* text);
  void add_flag(const char* name, const char* text);

  // False where help was asked for (and printed on stdout). Throws Error{usage} on an unknown option (naming the
  // nearest known one), a missing value, or fewer than `least` or more than `most` positional arguments.
  bool parse(const std::vector<std::string>& arguments, size_t least, size_t most);

  const std::vector<std::string>& positional() const { return positional_; }
  bool has(const std::string& option) const { return values_.count(option) > 0; }
  std::string text(const std::string& option, const std::string& otherwise = "") const;
  std::vector<std::string> list(const std::string& option) const;
  // Throws Error{usage} for what is not a whole number of [least, most].
  int number(const std::string& option, int otherwise, int least, int most) const;

 private:
  std::string usage_, text_, example_;
  boost::program_options::options_description options_;
  boost::program_options::variables_map values_;
  std::vector<std::string> positional_;
};

// `text` as a whole number of [least, most]; Error{usage} naming `what` where it is not.
int parse_number(const std::string& what, const std::string& text, int least, int most);

}  // namespace hens
