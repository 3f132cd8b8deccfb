// A subcommand's command line: declared options, positional arguments, help, and errors that name the nearest option.
#pragma once

#include <string>
#include <vector>

#include <boost/program_options/options_description.hpp>
#include <boost/program_options/variables_map.hpp>

#include "base/download.h"
#include "base/log.h"
#include "job/job_spec.h"

namespace hens {

class CommandLine {
 public:
  // `usage` is the line after "Usage: ", `text` what the command does, `example` a line that works.
  CommandLine(std::string usage, std::string text, std::string example);

  // Declares options: options().add_options()("output", value<string>(), "...").
  boost::program_options::options_description& options() { return options_; }
  void add_log_option();     // --log
  void add_cache_options();  // --cache, --offline

  // False where help was asked for (and printed on stdout). Throws Error{usage} on an unknown option (naming the
  // nearest known one), a missing value, or fewer than `least` or more than `most` positional arguments.
  bool parse(const std::vector<std::string>& arguments, size_t least, size_t most);

  const std::vector<std::string>& positional() const { return positional_; }
  bool has(const std::string& option) const { return values_.count(option) > 0; }
  std::string text(const std::string& option, const std::string& otherwise = "") const;
  std::vector<std::string> list(const std::string& option) const;

  LogFormat log_format() const;
  // Cache, mirrors and offline mode, as options and spec say.
  DownloadOptions download_options(const MirrorsSpec& mirrors = {}) const;

 private:
  std::string usage_, text_, example_;
  boost::program_options::options_description options_;
  boost::program_options::variables_map values_;
  std::vector<std::string> positional_;
};

}  // namespace hens
