// Bytes from elsewhere: local paths, file://, http(s)://, s3:// (anonymous) and hf://, in ranges, with retry, resume
// and a checksummed cache that several processes may share.
//
// URL schemes:  s3://bucket/key -> https://bucket.s3.<region>.amazonaws.com/key (region from ?region=, AWS_REGION or
// AWS_DEFAULT_REGION, else us-east-1); gs://bucket/key -> https://storage.googleapis.com/bucket/key;
// hf://datasets/<owner>/<name>[@rev]/<path> -> the hub's resolve address; a mirror replaces the host:
// <mirror>/<bucket>/<key>, <mirror>/datasets/<owner>/<name>/resolve/<rev>/<path>, <mirror>/<host>/<path>.
//
// The cache (cache.h has its layout) keeps a whole file under its own name below files/, so that the files of one
// folder upstream lie in one folder. Its entries are verified by digest at each use, but the server is not asked
// whether it has a newer version: forecasts and weights do not change under their names. No credentials are read or
// sent.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/log.h"
#include "net/byte_range.h"

namespace hens {

struct DownloadOptions {
  fs::path cache;  // folder of the cache
  std::string s3_mirror, hf_mirror, https_mirror;
  bool offline = false;  // only what the cache holds: anything else is Error{unavailable}
  int parallel = 8;      // transfers at a time
  int attempts = 6;      // per transfer, with exponential backoff and jitter; honours Retry-After
  double first_backoff_seconds = 0.5;
  double stall_seconds = 20;  // a transfer slower than 1 kB/s this long is given up and retried
  double connect_seconds = 10;
};

struct Fetched {
  fs::path path;  // the file in the cache, or the local file itself
  uint64_t bytes = 0;
  std::string sha256;
};

// Looks at what came: throws Error{bad_input}, naming the URL, where it is not what was wanted (the login page of a
// network instead of an index). `part` counts the ranges asked for; a whole file is part 0.
using ContentCheck = std::function<void(size_t part, const fs::path& content)>;

// Thread-safe.
class Downloader {
 public:
  Downloader(DownloadOptions options, Log& log);
  ~Downloader();

  // The whole file at `url`, from the cache where it is there and whole.
  // Errors: {missing_input} 404, {credentials} 401/403, {unavailable} after all attempts, {bad_input} where the server
  // sends other than it promised (a wrong range, another length); each names the URL. What `check` rejects is fetched
  // once more, also where it came from the cache, and is never kept: rejected again, its error is thrown.
  Fetched file(const std::string& url, const ContentCheck& check = {});

  // Parts of the file at `url`, in the order asked for: neighbouring ranges are merged into one request (gaps up to
  // 64 kB are read and dropped), requests run in parallel. Each part is cached by itself.
  std::vector<Fetched> ranges(const std::string& url, const std::vector<ByteRange>& ranges,
                              const ContentCheck& check = {});

  // Takes the whole file at `url` out of the cache, for whoever finds out later that it is damaged. Does nothing where
  // nothing else can come: offline, or to a local file.
  void forget(const std::string& url);

  // Where `url` really points: the address after mirrors and schemes. For dry runs.
  std::string resolve(const std::string& url) const;

  const DownloadOptions& options() const;

 private:
  struct State;
  Fetched fetch_file(const std::string& url);
  std::vector<Fetched> fetch_ranges(const std::string& url, const std::vector<ByteRange>& ranges);

  std::unique_ptr<State> state_;
};

// The cache folder: `given` if not empty, else $HENS_CACHE, else $XDG_CACHE_HOME/hens, else ~/.cache/hens.
fs::path cache_folder(const std::string& given = "");

}  // namespace hens
