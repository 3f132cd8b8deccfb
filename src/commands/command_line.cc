#include "commands/command_line.h"

#include "base/error.h"

namespace hens {

void CommandLine::add_log_option() {
  add("log", "FORM", "auto (text and a progress bar on a terminal, else JSON lines), text or json");
}

void CommandLine::add_cache_options() {
  add("cache", "DIR", "where downloads and synthetic packages lie (default: $HENS_CACHE, else ~/.cache/hens)");
  add_flag("offline", "fetch nothing: only what is local or in the cache");
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
