// A subcommand's command line: the options that several commands of hens share, on top of base/options.h.
#pragma once

#include "base/log.h"
#include "base/options.h"
#include "job/job_spec.h"
#include "net/download.h"

namespace hens {

class CommandLine : public Options {
 public:
  using Options::Options;

  void add_log_option();     // --log
  void add_cache_options();  // --cache, --offline

  LogFormat log_format() const;
  // Cache, mirrors and offline mode, as options and spec say.
  DownloadOptions download_options(const MirrorsSpec& mirrors = {}) const;
};

}  // namespace hens
