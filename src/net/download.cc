#include "net/download.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <exception>
#include <map>
#include <mutex>
#include <set>
#include <span>
#include <system_error>
#include <thread>

#include "base/checksum.h"
#include "base/error.h"
#include "base/stop.h"
#include "net/cache.h"
#include "net/cache_trust.h"
#include "net/transfer.h"
#include "net/url.h"

namespace hens {
namespace {

// Bytes between two parts that are cheaper to read than to ask around; and the longest request made of several parts,
// so that neighbouring fields of one file still come in parallel.
constexpr uint64_t merged_gap = 64 * 1024, merged_limit = uint64_t{8} << 20;
constexpr uint64_t worth_a_bar = uint64_t{64} << 20;
constexpr uint64_t largest_file = uint64_t{1} << 62;
constexpr int rounds_for_one_version = 3;

// Connections, at most `limit` lent at a time.
class ClientPool {
 public:
  explicit ClientPool(int limit) : free_slots_(std::max(1, limit)) {}

  std::shared_ptr<HttpClient> lend(const std::function<void()>& watch) {
    std::unique_lock lock(mutex_);
    while (free_slots_ == 0) {
      returned_.wait_for(lock, std::chrono::milliseconds(200));
      watch();
    }
    std::unique_ptr<HttpClient> client;
    if (idle_.empty()) {
      client = std::make_unique<HttpClient>();
    } else {
      client = std::move(idle_.back());
      idle_.pop_back();
    }
    --free_slots_;
    return {client.release(), [this](HttpClient* back) { take_back(std::unique_ptr<HttpClient>(back)); }};
  }

 private:
  void take_back(std::unique_ptr<HttpClient> client) {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(client));
    ++free_slots_;
    returned_.notify_one();
  }

  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<std::unique_ptr<HttpClient>> idle_;
  int free_slots_;
};

// Runs work(0) .. work(count - 1) on up to `threads` threads. The first exception ends the others at their next watch()
// and is thrown.
class ParallelWork {
 public:
  void run(size_t count, int threads, const std::function<void(size_t)>& work) {
    const auto turn = [&] {
      for (size_t i = next_++; i < count && !failed_; i = next_++) {
        try {
          work(i);
        } catch (...) {
          if (!failed_.exchange(true)) first_ = std::current_exception();
        }
      }
    };
    const size_t helpers = std::min(count, static_cast<size_t>(std::max(1, threads))) - (count > 0 ? 1 : 0);
    std::vector<std::thread> others;  // the C++ library of macOS has no jthread
    others.reserve(helpers);
    try {
      while (others.size() < helpers) others.emplace_back(turn);
    } catch (const std::system_error&) {  // no more threads to be had: fewer do it, too
    }
    turn();
    for (std::thread& thread : others) thread.join();
    if (first_) std::rethrow_exception(first_);
  }

  void watch() const {
    stop_if_requested();
    if (failed_) fail(ExitCode::interrupted, "another part of the file failed");
  }

 private:
  std::atomic<size_t> next_{0};
  std::atomic<bool> failed_{false};
  std::exception_ptr first_;
};

Fetched fetched(const CacheEntry& entry) { return {entry.path, entry.bytes, entry.sha256}; }

[[noreturn]] void fail_offline(const std::string& url) {
  fail(ExitCode::unavailable, "{}: not in the cache, and offline: fetch it first, or run without --offline", url);
}

void check_ranges(const std::string& url, const std::vector<ByteRange>& ranges) {
  for (const ByteRange& range : ranges) {
    if (range.last.value_or(range.first) < range.first || range.last.value_or(range.first) >= largest_file) {
      fail(ExitCode::bad_input, "{}: bytes {} cannot be a part of a file", url, range_text(range));
    }
  }
}

}  // namespace

struct Downloader::State {
  DownloadOptions options;
  Log& log;
  Cache cache;
  ClientPool clients;
  std::atomic<bool> bar_taken{false};  // one bar at a time

  State(DownloadOptions given, Log& the_log)
      : options(std::move(given)), log(the_log), cache(options.cache, stop_if_requested), clients(options.parallel) {}

  Address address(const std::string& url) const {
    return resolve_url(url, {options.s3_mirror, options.hf_mirror, options.https_mirror}, default_s3_region());
  }

  TransferContext context(const std::function<void()>& watch) {
    const TransferOptions transfers{options.attempts, options.first_backoff_seconds, options.stall_seconds,
                                    options.connect_seconds};
    return {transfers, log, [this, watch] { return clients.lend(watch); }, watch, {}};
  }

  CacheEntry fetch_whole(const std::string& url, const std::string& address, const CacheKey& key);
  // Completes `have` from the cache; returns the keys that are not there, each once.
  std::vector<CacheKey> missing(const std::vector<CacheKey>& keys, std::map<std::string, CacheEntry>& have,
                                bool* damaged = nullptr) const;
  void fetch_parts(const std::string& url, const std::string& address, const std::vector<CacheKey>& missing,
                   std::map<std::string, CacheEntry>& have);
  std::vector<CacheEntry> fetch_group(const TransferRequest& request, const std::vector<CacheKey>& parts,
                                      const ParallelWork& work);
  std::vector<Fetched> local_parts(const fs::path& path, const std::vector<ByteRange>& ranges) const;
  std::vector<Fetched> checked(const std::string& url, const std::vector<CacheKey>& keys, const ContentCheck& check,
                               const std::function<std::vector<Fetched>()>& fetch);
  void drop(const CacheKey& key, const std::string& sha256);
  FileLock lock(const std::string& url) const {
    return cache.lock(canonical_url(url),
                      [&] { log.info("waiting for another process that fetches this", {{"url", url}}); });
  }
  bool can_fetch(const std::string& url) const { return !options.offline && !address(url).http.empty(); }
};

// Under the URL's lock. Twice where the hub names a digest that the bytes do not have.
CacheEntry Downloader::State::fetch_whole(const std::string& url, const std::string& address, const CacheKey& key) {
  TransferContext transfers = context(stop_if_requested);
  const bool bar = !bar_taken.exchange(true);
  const std::string name = fs::path(url).filename().string();
  transfers.progress = [&](uint64_t done, uint64_t total) {
    if (bar && total >= worth_a_bar) log.progress(name, static_cast<double>(done), static_cast<double>(total), "bytes");
  };
  struct BarEnd {
    State& state;
    bool bar;
    ~BarEnd() {
      if (!bar) return;
      state.log.end_progress();
      state.bar_taken = false;
    }
  } const bar_end{*this, bar};
  for (int round = 0; round < 2; ++round) {
    PartialFile body(cache.partial_path(key), key.text());
    const Transferred done = transfer({url, address, {}}, body, transfers);
    if (!done.linked_sha256 || cache.digest(body.path()) == *done.linked_sha256) {
      return cache.put(key, done.version, body.path(), [&](const fs::path& path) { body.publish_as(path); });
    }
    body.discard();
    log.warn("wrong digest, fetching again", {{"url", url}});
  }
  fail(ExitCode::bad_input, "{}: the bytes that come have another SHA-256 than the hub says", url);
}

std::vector<CacheKey> Downloader::State::missing(const std::vector<CacheKey>& keys,
                                                 std::map<std::string, CacheEntry>& have, bool* damaged) const {
  std::map<std::string, CacheKey> wanted;
  for (const CacheKey& key : keys) {
    if (have.contains(key.text())) continue;
    if (auto entry = cache.find(key, damaged)) {
      have[key.text()] = *entry;
    } else {
      wanted[key.text()] = key;
    }
  }
  std::vector<CacheKey> result;
  for (auto& [text, key] : wanted) result.push_back(std::move(key));
  return result;
}

// One request, cut into the parts it serves. Its body may be resumed by a later call with the same span.
std::vector<CacheEntry> Downloader::State::fetch_group(const TransferRequest& request,
                                                       const std::vector<CacheKey>& parts, const ParallelWork& work) {
  const CacheKey span{parts.front().url, request.range};
  PartialFile body(cache.partial_path(span), span.text());
  const Transferred done = transfer(request, body, context([&work] { work.watch(); }));
  if (parts.size() == 1) {
    return {cache.put(parts[0], done.version, body.path(), [&](const fs::path& path) { body.publish_as(path); })};
  }
  std::vector<CacheEntry> entries;
  {
    const MappedFile all(body.path());
    for (const CacheKey& part : parts) {
      const uint64_t first = part.range->first - request.range->first;
      const uint64_t size = *part.range->last - part.range->first + 1;
      entries.push_back(cache.put(part, done.version, all.bytes().subspan(first, size)));
    }
  }
  body.discard();
  return entries;
}

void Downloader::State::fetch_parts(const std::string& url, const std::string& address,
                                    const std::vector<CacheKey>& missing, std::map<std::string, CacheEntry>& have) {
  std::vector<ByteRange> ranges;
  for (const CacheKey& key : missing) ranges.push_back(*key.range);
  const std::vector<RangeGroup> groups = merge_ranges(ranges, merged_gap, merged_limit);
  std::mutex mutex;
  ParallelWork work;
  work.run(groups.size(), options.parallel, [&](size_t i) {
    std::vector<CacheKey> parts;
    for (const size_t part : groups[i].parts) parts.push_back(missing[part]);
    const std::vector<CacheEntry> entries = fetch_group({url, address, groups[i].span}, parts, work);
    const std::lock_guard lock(mutex);
    for (size_t k = 0; k < parts.size(); ++k) have[parts[k].text()] = entries[k];
  });
}

std::vector<Fetched> Downloader::State::local_parts(const fs::path& path, const std::vector<ByteRange>& ranges) const {
  const MappedFile file(path);
  std::vector<Fetched> parts;
  for (const ByteRange& range : ranges) {
    const uint64_t size = file.bytes().size(), end = range.last ? *range.last + 1 : size;
    const uint64_t first = range.tail > 0 ? size - std::min(range.tail, size) : range.first;
    if (first >= end || end > size) {
      fail(ExitCode::bad_input, "{}: has {} bytes, bytes {} were expected", path.string(), size, range_text(range));
    }
    const CacheKey key{"file://" + fs::absolute(path).string(), range};
    const auto bytes = file.bytes().subspan(first, end - first);
    publish_file(cache.data_path(key), {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    parts.push_back({cache.data_path(key), bytes.size(), sha256_hex(bytes)});
  }
  return parts;
}

// Takes the entry out of the cache, unless another process has put a better one in its place.
void Downloader::State::drop(const CacheKey& key, const std::string& sha256) {
  try {
    const FileLock lock = cache.lock(key.url);
    const auto entry = cache.find(key);
    if (entry && entry->sha256 == sha256) cache.remove(key);
  } catch (const Error& error) {  // a cache that cannot be written to
    if (error.code() == ExitCode::interrupted) throw;
  }
}

// What `fetch` brings for `keys`. The parts that `check` rejects leave the cache, all at once, and are fetched again.
std::vector<Fetched> Downloader::State::checked(const std::string& url, const std::vector<CacheKey>& keys,
                                                const ContentCheck& check,
                                                const std::function<std::vector<Fetched>()>& fetch) {
  for (int round = 0;; ++round) {
    std::vector<Fetched> parts = fetch();
    if (!check) return parts;
    std::optional<Error> rejected;
    for (size_t i = 0; i < parts.size(); ++i) {
      try {
        check(i, parts[i].path);
      } catch (const Error& error) {
        if (error.code() != ExitCode::bad_input || !can_fetch(url)) throw;
        drop(keys[i], parts[i].sha256);
        if (!rejected) rejected = error;
      }
    }
    if (!rejected) return parts;
    if (round > 0) fail(ExitCode::bad_input, "{} (sent like that twice, and not kept)", rejected->what());
    log.warn("not what was wanted, fetching it again", {{"url", url}, {"reason", rejected->what()}});
  }
}

Downloader::Downloader(DownloadOptions options, Log& log) : state_(std::make_unique<State>(std::move(options), log)) {
  check_cache_trust(state_->options.cache);
}
Downloader::~Downloader() = default;

const DownloadOptions& Downloader::options() const { return state_->options; }

std::string Downloader::resolve(const std::string& url) const { return state_->address(url).text(); }

Fetched Downloader::file(const std::string& url, const ContentCheck& check) {
  return state_->checked(url, {{canonical_url(url), {}}}, check, [&] { return std::vector{fetch_file(url)}; }).front();
}

std::vector<Fetched> Downloader::ranges(const std::string& url, const std::vector<ByteRange>& ranges,
                                        const ContentCheck& check) {
  std::vector<CacheKey> keys;
  for (const ByteRange& range : ranges) keys.push_back({canonical_url(url), range});
  return state_->checked(url, keys, check, [&] { return fetch_ranges(url, ranges); });
}

void Downloader::forget(const std::string& url) {
  if (!state_->can_fetch(url)) return;
  const CacheKey key{canonical_url(url), {}};
  try {
    const FileLock lock = state_->cache.lock(key.url);
    state_->cache.remove(key);
  } catch (const Error& error) {  // a cache that cannot be written to keeps it; what was wrong with it is worth more
    if (error.code() == ExitCode::interrupted) throw;
  }
}

Fetched Downloader::fetch_file(const std::string& url) {
  State& state = *state_;
  const Address address = state.address(url);
  if (address.http.empty()) {
    const std::string sha256 = state.cache.digest(address.local);
    return {address.local, fs::file_size(address.local), sha256};
  }
  const CacheKey key{canonical_url(url), {}};
  if (const auto entry = state.cache.find(key)) return fetched(*entry);
  if (state.options.offline) fail_offline(url);
  const FileLock lock = state.lock(url);
  bool damaged = false;
  if (const auto entry = state.cache.find(key, &damaged)) return fetched(*entry);
  if (damaged) state.log.warn("cache entry damaged, fetching it again", {{"url", url}});
  const CacheEntry entry = state.fetch_whole(url, address.http, key);
  state.log.info("fetched", {{"url", url}, {"bytes", entry.bytes}});
  return fetched(entry);
}

// Parts of different versions of a file must not meet: where they would, those cached before are fetched again.
std::vector<Fetched> Downloader::fetch_ranges(const std::string& url, const std::vector<ByteRange>& ranges) {
  State& state = *state_;
  check_ranges(url, ranges);
  const Address address = state.address(url);
  if (address.http.empty()) return state.local_parts(address.local, ranges);
  std::vector<CacheKey> keys;
  for (const ByteRange& range : ranges) keys.push_back({canonical_url(url), range});

  std::map<std::string, CacheEntry> have;
  const auto versions = [&] {
    std::set<std::string> all;
    for (const auto& [key, entry] : have) all.insert(entry.version);
    return all.size();
  };
  std::optional<FileLock> lock;
  for (int round = 0; round < rounds_for_one_version; ++round) {
    std::vector<CacheKey> missing = state.missing(keys, have);
    if (!missing.empty() && state.options.offline) fail_offline(url);
    if (!missing.empty() && !lock) {
      lock.emplace(state.lock(url));
      bool damaged = false;
      missing = state.missing(keys, have, &damaged);
      if (damaged) state.log.warn("cache entry damaged, fetching it again", {{"url", url}});
    }
    state.fetch_parts(url, address.http, missing, have);
    if (versions() <= 1) {
      if (lock) state.cache.clear_partial(keys[0].url);
      std::vector<Fetched> parts;
      for (const CacheKey& key : keys) parts.push_back(fetched(have.at(key.text())));
      return parts;
    }
    if (state.options.offline) break;
    state.log.warn("parts of different versions, fetching them again", {{"url", url}});
    if (!lock) lock.emplace(state.lock(url));
    for (const CacheKey& key : keys) state.cache.remove(key);
    have.clear();
  }
  fail(ExitCode::bad_input, "{}: the file changes while it is read: its parts have different ETags", url);
}

fs::path cache_folder(const std::string& given) {
  if (!given.empty()) return given;
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
  if (const std::string cache = variable("HENS_CACHE"); !cache.empty()) return cache;
  if (const std::string cache = variable("XDG_CACHE_HOME"); !cache.empty()) return fs::path(cache) / "hens";
  if (const std::string home = variable("HOME"); !home.empty()) return fs::path(home) / ".cache" / "hens";
  fail(ExitCode::usage, "no place for the cache: give --cache, or set HENS_CACHE or HOME");
}

}  // namespace hens
