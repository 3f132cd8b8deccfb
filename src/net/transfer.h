// One body from one address into a PartialFile, however often that takes: attempts with exponential backoff and jitter,
// resumed where the server can, judged by what the server promised.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/log.h"
#include "net/byte_range.h"
#include "net/http.h"
#include "net/partial_file.h"

namespace hens {

struct TransferOptions {
  int attempts = 6;  // without progress, in a row
  double first_backoff_seconds = 0.5;
  double stall_seconds = 20, connect_seconds = 10;
};

struct TransferRequest {
  std::string url;                 // as the user wrote it: for messages
  std::string address;             // http(s)://
  std::optional<ByteRange> range;  // none: the whole file
};

struct TransferContext {
  TransferOptions options;
  Log& log;
  // Lends a connection for one attempt.
  std::function<std::shared_ptr<HttpClient>()> client;
  // Called several times a second, also while waiting; throws to end the transfer.
  std::function<void()> watch;
  // Told the bytes here and those to come (0: not known) while a body arrives; may be empty.
  std::function<void(uint64_t, uint64_t)> progress;
};

struct Transferred {
  std::string version;                       // ETag or date of the file upstream; empty where the server has neither
  std::optional<std::string> linked_sha256;  // the hub's digest of a whole file
  int attempts = 0;
};

// Fills `file` with the body. An attempt that brings the body 1 MiB further does not count against `attempts`.
// Errors name the URL: {missing_input} 404 and 410, {credentials} 401 and 403, at once; after all attempts
// {unavailable} for what is wrong with the service (5xx, 429, resets, stalls), {bad_input} for broken promises.
Transferred transfer(const TransferRequest& request, PartialFile& file, const TransferContext& context);

// Seconds to wait after failure number `failures` (from 1): first * 2^(failures - 1), at most 30, times a factor of
// `jitter` in [0.5, 1]; at least what the server asked for, of which at most 60 s are granted.
double backoff_seconds(double first, int failures, double jitter, std::optional<double> retry_after);

}  // namespace hens
