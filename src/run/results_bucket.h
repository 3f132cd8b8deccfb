// A run's results in a bucket of S3: the same files under the same names as in the run's folder, below a prefix. Two
// kinds of them:
//   - records: run.json, attempts/, members/ (markers), statistics/ (parts and records of merges), tracks/. They are
//     what a run goes on by, are small beside fields (but for parts), and are in every folder that works on the run;
//   - members' fields, final stores and reports, which need not be here.
// An object is there whole or not at all, and a marker only after all that it lists: who reads the bucket is never
// misled. Thread-safe.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "net/s3_client.h"
#include "run/files_elsewhere.h"
#include "run/manifest.h"

namespace hens {

class ResultsBucket final : public FilesElsewhere {
 public:
  // `place` is s3://bucket/prefix, see parse_s3_url. `watch` may throw to end a request. Sends nothing yet.
  ResultsBucket(const std::string& place, const S3Options& options, Log& log, std::function<void()> watch,
                const CredentialSources& sources = {});

  const S3Url& place() const { return place_; }
  S3Client& client() { return client_; }
  std::string key(const fs::path& path) const { return place_.key(path.generic_string()); }

  // Brings the records that `root` lacks, and those that changed in the bucket since this object saw or wrote them: a
  // record that is in the folder already is left alone the first time. Names that no run has are left out, and said.
  // Throws Error{bad_spec} where folder and bucket hold different runs. Returns how many files came.
  size_t pull(const fs::path& root);
  // The records that the last pull() saw, and those written since.
  bool has(const fs::path& record) const;
  std::vector<fs::path> records(const std::string& folder) const;  // in this folder, ascending

  bool holds(const fs::path& marker, const StoredFile& file, bool full) override;
  void withdraw(const fs::path& marker) override { remove(marker); }

  // Writes `root`/`path`. Returns false where there is no such file.
  bool put(const fs::path& root, const fs::path& path, const std::string& sha256 = {});
  // Writes a record unless there is one of this name: returns false then.
  bool claim(const fs::path& root, const fs::path& record);
  // Writes a member's marker, whose files are there. Where another process did before: what it lists has to be the
  // same, else ours takes its place.
  void put_marker(const fs::path& root, const fs::path& marker);
  // Writes what a record of files (sealed, with "files") lists, then the record, unless the same is there already.
  // Does nothing where there is no such record in `root`.
  void put_recorded(const fs::path& root, const fs::path& record);
  void remove(const fs::path& path);
  // Removes everything below the prefix: of a run of which no member was complete.
  void clear();

  // Fetches files that `root` lacks. Throws Error{missing_input} where one is not in the bucket either.
  void fetch(const fs::path& root, const std::vector<fs::path>& paths);
  // Requests under way end with an error, and so do those that come, until it is called with false.
  void abandon(bool wanted = true) { abandoned_ = wanted; }
  // Every object below the prefix, by path.
  void list_all(const std::function<void(const fs::path& path, uint64_t size)>& use);
  // The content's checksum and size against `file`, read piece by piece; by its size alone where not `full`.
  FileState check(const StoredFile& file, bool full);

  // Ends uploads of `path` that other processes left unfinished: those that there were at the last pull().
  void end_leftovers(const fs::path& path);
  void end_all_leftovers();
  std::vector<fs::path> leftovers() const;

 private:
  struct Seen {
    uint64_t size = 0;
    std::string etag;
  };
  void note(const fs::path& path);  // a record that was written just now
  void refuse_other_run(const fs::path& root);
  void bring(const fs::path& root, const S3Object& object, const fs::path& path);
  const std::map<std::string, uint64_t>& sizes_in(const std::string& folder);

  S3Url place_;
  Log& log_;
  std::atomic<bool> abandoned_{false};
  S3Client client_;
  mutable std::mutex mutex_;
  std::map<fs::path, Seen> records_;
  std::set<fs::path> written_;                                     // records that this object wrote
  std::map<std::string, std::map<std::string, uint64_t>> listed_;  // [folder][path]: sizes, of stores
  std::multimap<fs::path, std::string> leftovers_;                 // unfinished uploads by path
};

// Whether a path that a key makes stays where it belongs: keys are foreign input.
bool is_safe_path(const std::string& path);

// Whether `path` is a record's by its name: what pull() brings.
bool is_record(const fs::path& path);

// use(k) for k from 0 to count - 1, on as many threads as requests may be under way; the first error ends it.
void for_each_request(size_t count, const std::function<void(size_t)>& use);

}  // namespace hens
