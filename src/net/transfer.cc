#include "net/transfer.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <random>
#include <thread>

#include "base/error.h"
#include "net/hugging_face.h"

namespace hens {
namespace {

constexpr double longest_backoff_seconds = 30, longest_retry_after_seconds = 60;
constexpr uint64_t progress_bytes = uint64_t{1} << 20;

// What stands between an attempt and success. `final`: no retry mends it.
struct Failure {
  ExitCode code = ExitCode::unavailable;
  std::string reason;
  bool final = false;
  std::optional<double> retry_after;
};

Failure broken_promise(std::string reason) { return {ExitCode::bad_input, std::move(reason), false, {}}; }

std::string version_of(const HttpHead& head) { return head.etag.empty() ? head.last_modified : head.etag; }

std::optional<std::string> digest_of(const HttpHead& head) {
  std::string text = head.linked_etag;
  std::erase(text, '"');
  const bool digest = text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
  return digest ? std::optional(text) : std::nullopt;
}

Failure status_failure(const HttpOutcome& outcome, bool is_hub, bool had_token) {
  const long status = outcome.head.status;
  Failure failure{ExitCode::unavailable, fmt::format("the server answers {}", status), true, outcome.retry_after};
  if (status == 404 || status == 410) failure.code = ExitCode::missing_input;
  if (status == 401 || status == 403) {
    failure.code = ExitCode::credentials;
    failure.reason += !is_hub ? ": no access without credentials, and hens sends none (or the name is wrong)"
                      : had_token
                          ? ": the token that was sent (HF_TOKEN or the hub's token file) has no access: ask for it "
                            "on the repository's page, or mend the token"
                          : ": no access without a token: set HF_TOKEN to one that may read it (or the name is wrong)";
  }
  if (status >= 300 && status < 400 && !outcome.head.bucket_region.empty()) {
    failure.reason += fmt::format(": the bucket is in {0}: add ?region={0}", outcome.head.bucket_region);
  }
  if (status == 408 || status == 425 || status == 429 || status >= 500) failure.final = false;
  return failure;
}

// One attempt: a request and the judgement of its answer.
class Attempt {
 public:
  Attempt(const TransferRequest& request, PartialFile& file, const TransferContext& context)
      : request_(request), file_(file), context_(context) {}

  // None: the body is whole.
  std::optional<Failure> run();
  const HttpHead& head() const { return outcome_.head; }

 private:
  HttpRequest http_request() const;
  bool begin(const HttpHead& head);
  bool begin_whole(const HttpHead& head);
  bool begin_part(const HttpHead& head);
  bool begin_tail(const HttpHead& head, const ContentRange& range);
  bool receive(std::span<const std::byte> bytes);
  std::optional<Failure> judge() const;
  bool refuse(std::string reason) {
    failure_ = broken_promise(std::move(reason));
    return false;
  }

  const TransferRequest& request_;
  PartialFile& file_;
  const TransferContext& context_;
  HttpOutcome outcome_;
  std::optional<Failure> failure_;
  std::optional<uint64_t> expected_;  // bytes of the body when whole
};

HttpRequest Attempt::http_request() const {
  const TransferOptions& options = context_.options;
  HttpRequest http{request_.address, "", "", options.connect_seconds, options.stall_seconds};
  if (request_.url.starts_with("hf://")) http.headers = hugging_face_headers(request_.address);
  if (!request_.range && file_.size() == 0) return http;
  ByteRange range = request_.range.value_or(ByteRange{});
  if (range.tail > 0) {
    http.range = range_text(range);
    return http;
  }
  range.first += file_.size();
  http.range = range_text(range);
  if (file_.size() > 0) http.if_range = file_.version();
  return http;
}

bool Attempt::begin(const HttpHead& head) {
  if (head.status == 200 || head.status == 206) {
    if (!head.content_encoding.empty() && head.content_encoding != "identity") {
      return refuse(fmt::format("the server encodes the file as {}, though asked not to", head.content_encoding));
    }
    return head.status == 200 ? begin_whole(head) : begin_part(head);
  }
  return false;
}

// 200: the whole file. For a range only where the range is the whole file; when resuming, because the file has changed
// or the server cannot resume.
bool Attempt::begin_whole(const HttpHead& head) {
  if (request_.range) {
    const bool from_start = request_.range->first == 0 && request_.range->tail == 0;
    const bool same_end = !request_.range->last || head.content_length == *request_.range->last + 1;
    if (!from_start || !same_end) {
      refuse("the server answers a byte range with the whole file");
      // One that says it can send parts has stumbled; another never will.
      if (head.accept_ranges != "bytes") {
        failure_->final = true;
        failure_->reason +=
            ": it does not serve byte ranges, which only part of a file is read by; use a mirror that does, or fetch "
            "the "
            "file and name it as initial_conditions.path";
      }
      return false;
    }
  }
  if (!head.self_delimiting) return refuse("the server says no length: an incomplete file would pass for whole");
  file_.restart(version_of(head));
  expected_ = head.content_length;
  return true;
}

bool Attempt::begin_part(const HttpHead& head) {
  const std::optional<ContentRange> range = parse_content_range(head.content_range);
  if (!range) return refuse(fmt::format("the server sends a part with Content-Range '{}'", head.content_range));
  if (request_.range && request_.range->tail > 0) return begin_tail(head, *range);
  const uint64_t start = request_.range.value_or(ByteRange{}).first, wanted = start + file_.size();
  const std::optional<uint64_t> last = request_.range ? request_.range->last : std::nullopt;
  const bool right_end = last ? range->last == *last : range->total && range->last + 1 == *range->total;
  if (!(request_.range || file_.size() > 0) || range->first != wanted || !right_end) {
    return refuse(fmt::format("bytes {}-{} were asked for, the server sends {}", wanted,
                              last ? std::to_string(*last) : "", head.content_range));
  }
  if (head.content_length && *head.content_length != range->last - range->first + 1) {
    return refuse(
        fmt::format("Content-Length {} contradicts Content-Range '{}'", *head.content_length, head.content_range));
  }
  if (file_.size() > 0 && version_of(head) != file_.version()) {
    file_.restart("");
    return refuse("the file changed while it was read");
  }
  if (file_.size() == 0) file_.restart(version_of(head));
  expected_ = range->last - start + 1;
  return true;
}

// Where the file is shorter than the tail, all of it comes.
bool Attempt::begin_tail(const HttpHead& head, const ContentRange& range) {
  const uint64_t tail = request_.range->tail, bytes = range.last - range.first + 1;
  const bool right = range.total && range.last + 1 == *range.total && bytes == std::min(tail, *range.total);
  if (!right || (head.content_length && *head.content_length != bytes)) {
    return refuse(fmt::format("the last {} bytes were asked for, the server sends {}", tail, head.content_range));
  }
  file_.restart(version_of(head));
  expected_ = bytes;
  return true;
}

bool Attempt::receive(std::span<const std::byte> bytes) {
  if (expected_ && file_.size() + bytes.size() > *expected_) {
    file_.restart("");
    return refuse(fmt::format("the server sends more than the {} bytes it promised", *expected_));
  }
  file_.append(bytes);
  if (context_.progress) context_.progress(file_.size(), expected_.value_or(0));
  return true;
}

std::optional<Failure> Attempt::run() {
  const bool is_tail = request_.range && request_.range->tail > 0;  // where it begins is not known: never resumed
  if (file_.size() > 0 && (is_tail || !file_.resumable())) file_.restart("");
  const HttpReceiver receiver{[this](const HttpHead& head) { return begin(head); },
                              [this](std::span<const std::byte> bytes) { return receive(bytes); }};
  outcome_ = context_.client()->get(http_request(), receiver, context_.watch);
  if (!failure_) failure_ = judge();
  // 416: there is less upstream than is here, or than was asked for.
  if (outcome_.head.status == 416) {
    failure_ = broken_promise(
        fmt::format("bytes {} are not there, says the server ({})", http_request().range, outcome_.head.content_range));
    file_.restart("");
  }
  return failure_;
}

std::optional<Failure> Attempt::judge() const {
  if (!outcome_.failure.empty()) {
    return Failure{ExitCode::unavailable, outcome_.failure, outcome_.hopeless, outcome_.retry_after};
  }
  if (outcome_.head.status != 200 && outcome_.head.status != 206) {
    const bool is_hub = request_.url.starts_with("hf://");
    return status_failure(outcome_, is_hub, is_hub && !hugging_face_headers(request_.address).empty());
  }
  if (expected_ && file_.size() != *expected_) {
    return broken_promise(fmt::format("{} bytes came, {} were promised", file_.size(), *expected_));
  }
  return std::nullopt;
}

void wait(double seconds, const std::function<void()>& watch) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  for (watch(); Clock::now() < end; watch()) {
    const std::chrono::duration<double> left = end - Clock::now();
    std::this_thread::sleep_for(std::min(left, std::chrono::duration<double>(0.1)));
  }
}

double random_jitter() {
  thread_local std::minstd_rand generator(std::random_device{}());
  return std::uniform_real_distribution<double>(0.5, 1.0)(generator);
}

[[noreturn]] void give_up(const TransferRequest& request, const Failure& failure, int attempts) {
  const std::string where = request.url == request.address ? "" : fmt::format(" (at {})", request.address);
  const std::string tries = attempts > 1 ? fmt::format(" after {} attempts", attempts) : "";
  const char* advice = failure.code == ExitCode::unavailable && !failure.final ? "; the same command continues" : "";
  fail(failure.code, "{}{}: {}{}{}", request.url, where, failure.reason, tries, advice);
}

}  // namespace

double backoff_seconds(double first, int failures, double jitter, std::optional<double> retry_after) {
  const double wait = std::min(first * std::pow(2.0, std::min(failures - 1, 30)), longest_backoff_seconds) * jitter;
  return std::max(wait, std::min(retry_after.value_or(0.0), longest_retry_after_seconds));
}

Transferred transfer(const TransferRequest& request, PartialFile& file, const TransferContext& context) {
  const auto length = request.range && request.range->last ? *request.range->last - request.range->first + 1 : 0;
  if (length > 0 && file.size() == length) return {file.version(), std::nullopt, 0};  // an earlier run got that far
  uint64_t furthest = file.size();
  int failures = 0;
  for (int attempts = 1;; ++attempts) {
    context.watch();
    Attempt attempt(request, file, context);
    const std::optional<Failure> failure = attempt.run();
    if (!failure) {
      return {file.version(), request.range ? std::nullopt : digest_of(attempt.head()), attempts};
    }
    if (file.size() >= furthest + progress_bytes) {
      furthest = file.size();
      failures = 0;
    }
    ++failures;
    if (failure->final || failures >= context.options.attempts) give_up(request, *failure, attempts);
    const double pause =
        backoff_seconds(context.options.first_backoff_seconds, failures, random_jitter(), failure->retry_after);
    context.log.warn("retry", {{"url", request.url},
                               {"reason", failure->reason},
                               {"attempt", failures},
                               {"of", context.options.attempts},
                               {"wait_seconds", std::round(pause * 100) / 100}});
    wait(pause, context.watch);
  }
}

}  // namespace hens
