// Fetches what its command line names, through the Downloader alone, and prints what came as JSON on stdout: the part
// of a test that is C++.
//
//   download_driver [--key=value]... URL [FIRST-LAST | FIRST- | -TAIL]...
//
// Keys: cache, s3, hf, https (mirrors), attempts, backoff, stall, parallel, offline, resolve, log (a file of JSON
// lines). Exits with the Error's code, as hens does.
#include <cstdlib>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/stop.h"
#include "net/download.h"

namespace hens {
namespace {

struct Arguments {
  std::map<std::string, std::string> values;
  std::string url;
  std::vector<ByteRange> ranges;

  double number(const std::string& key, double otherwise) const {
    return values.contains(key) ? std::stod(values.at(key)) : otherwise;
  }
  std::string text(const std::string& key) const { return values.contains(key) ? values.at(key) : ""; }
};

ByteRange parse_range(const std::string& text) {
  const size_t dash = text.find('-');
  if (dash == 0) return {.tail = std::stoull(text.substr(1))};
  ByteRange range{std::stoull(text.substr(0, dash)), {}};
  if (dash + 1 < text.size()) range.last = std::stoull(text.substr(dash + 1));
  return range;
}

Arguments parse_arguments(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word.starts_with("--")) {
      const size_t equals = word.find('=');
      arguments.values[word.substr(2, equals - 2)] = equals == std::string::npos ? "1" : word.substr(equals + 1);
    } else if (arguments.url.empty()) {
      arguments.url = word;
    } else {
      arguments.ranges.push_back(parse_range(word));
    }
  }
  return arguments;
}

nlohmann::json fetch(const Arguments& arguments) {
  DownloadOptions options;
  options.cache = cache_folder(arguments.text("cache"));
  options.s3_mirror = arguments.text("s3");
  options.hf_mirror = arguments.text("hf");
  options.https_mirror = arguments.text("https");
  options.offline = arguments.values.contains("offline");
  options.parallel = static_cast<int>(arguments.number("parallel", 4));
  options.attempts = static_cast<int>(arguments.number("attempts", 4));
  options.first_backoff_seconds = arguments.number("backoff", 0.02);
  options.stall_seconds = arguments.number("stall", 1);
  options.connect_seconds = 2;
  Log log(LogFormat::json);
  if (arguments.values.contains("log")) log.also_to(arguments.text("log"));
  Downloader downloader(options, log);
  if (arguments.values.contains("resolve")) return {{"address", downloader.resolve(arguments.url)}};
  const std::vector<Fetched> parts = arguments.ranges.empty() ? std::vector<Fetched>{downloader.file(arguments.url)}
                                                              : downloader.ranges(arguments.url, arguments.ranges);
  nlohmann::json result{{"parts", nlohmann::json::array()}};
  for (const Fetched& part : parts) {
    result["parts"].push_back({{"path", part.path.string()}, {"bytes", part.bytes}, {"sha256", part.sha256}});
  }
  return result;
}

}  // namespace
}  // namespace hens

int main(int argc, char** argv) {
  hens::install_stop_signals();
  try {
    std::cout << hens::fetch(hens::parse_arguments(argc, argv)) << "\n";
    return EXIT_SUCCESS;
  } catch (const hens::Error& error) {
    std::cout << nlohmann::json{{"error", error.what()}, {"code", static_cast<int>(error.code())}} << "\n";
    return static_cast<int>(error.code());
  } catch (const std::exception& error) {
    std::cout << nlohmann::json{{"error", error.what()}, {"code", 70}} << "\n";
    return static_cast<int>(hens::ExitCode::bug);
  }
}
