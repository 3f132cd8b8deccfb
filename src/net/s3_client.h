// Objects of a bucket: read, list, written, removed. Requests are signed (s3_signature.h) and tried again while there
// is hope: after what servers say of themselves (500, 503 SlowDown, 429), after connections that end, with new
// credentials where those at hand have ended, in the bucket's own region.
//
// What is written carries its SHA-256, which the server holds against what came: an object either is there as it was
// here, or it is not there. Thread-safe: each request has a connection of its own. No key, token or signature is in any
// message.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "net/byte_range.h"
#include "net/http.h"
#include "net/s3_credentials.h"
#include "net/s3_place.h"

namespace hens {

struct S3Options {
  double patience_seconds = 600;  // a request that fails so long is given up
  double first_backoff_seconds = 0.5;
  double connect_seconds = 10, stall_seconds = 60;
  uint64_t part_bytes = uint64_t{32} << 20;  // larger files go up in parts of this size; S3 wants 5 MiB at least
};

struct S3Object {
  std::string key;
  uint64_t size = 0;
  std::string etag;
};

// A multipart upload that nobody ended.
struct S3Upload {
  std::string key, id;
};

class S3Client {
 public:
  // `watch` is called several times a second and may throw to end a request.
  S3Client(const std::string& bucket, S3Options options, Log& log, std::function<void()> watch = {},
           CredentialSources sources = {});
  ~S3Client();
  S3Client(const S3Client&) = delete;
  S3Client& operator=(const S3Client&) = delete;

  // All throw Error{unavailable} where the server does not deliver, {credentials} where it denies access,
  // {missing_input} where there is no such bucket, each naming s3://bucket/key and what to do.

  // None where there is no such object.
  std::optional<S3Object> head(const std::string& key);
  // The content, or those bytes of it. None where there is no such object. Throws Error{bad_input} where there are more
  // than `limit` bytes, or the server sends others than were asked for. `etag`: of this version alone.
  std::optional<std::string> get(const std::string& key, const std::optional<ByteRange>& range = {},
                                 uint64_t limit = uint64_t{1} << 30, const std::string& etag = {});
  // The content in pieces of at most `part_bytes`, in order; all of them are of one version.
  void read(const S3Object& object, const std::function<void(std::span<const std::byte>)>& use);
  // Every object whose key begins with `prefix`, in the order of keys.
  void list(const std::string& prefix, const std::function<void(const S3Object&)>& use);

  // Writes an object whole. With `only_new` (If-None-Match) nothing is written where there is one of this name already:
  // returns false then.
  bool put(const std::string& key, std::span<const std::byte> content, bool only_new = false);
  // Writes a file, in parts where it is large. `sha256` (hexadecimal; may be empty) is what it has to have: where it
  // has not, Error{io} naming the file, and there is no object. Returns false where there is no such file.
  bool put_file(const std::string& key, const fs::path& path, const std::string& sha256 = {});
  // Does nothing where there is none.
  void remove(const std::string& key);

  std::vector<S3Upload> uploads(const std::string& prefix);
  void abort(const S3Upload& upload);

  const std::string& bucket() const { return bucket_; }
  // Requests sent, those that failed too: what a bucket's owner is billed for.
  uint64_t requests() const;
  std::string text(const std::string& key) const { return "s3://" + bucket_ + "/" + key; }

 private:
  struct Request;
  struct Answer;
  struct Verdict;
  struct Connections;
  class PartsUpload;

  Answer perform(const Request& request);
  Answer send(const Request& request, const AwsKeys& keys, const S3Server& server);
  Verdict judge(const Request& request, const Answer& answer, const AwsKeys& keys, const S3Server& server);
  Verdict refused(const Answer& answer, const std::string& code, const AwsKeys& keys);
  Verdict of_region(const Answer& answer, const S3Server& server);
  void put_parts(const std::string& key, const fs::path& path, uint64_t size, const std::string& sha256);
  void pause(double seconds);
  S3Server server();

  std::string bucket_;
  S3Options options_;
  Log& log_;
  std::function<void()> watch_;
  AwsCredentialChain credentials_;
  mutable std::mutex mutex_;  // of server_
  S3Server server_;
  std::unique_ptr<Connections> connections_;
};

}  // namespace hens
