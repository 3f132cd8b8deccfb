#include "net/s3_client.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cmath>
#include <fcntl.h>
#include <random>
#include <thread>
#include <unistd.h>

#include "base/checksum.h"
#include "base/error.h"
#include "base/stopwatch.h"
#include "net/s3_xml.h"
#include "net/transfer.h"

namespace hens {
namespace {

constexpr uint64_t most_answer = uint64_t{16} << 20;   // bytes of a list, or of an error
constexpr int most_renewals = 3, most_mismatches = 3;  // in a row
constexpr uint64_t most_parts = 10'000;                // of an upload; S3's limit

using Pairs = std::vector<std::pair<std::string, std::string>>;

std::string amz_date(Moment now) {
  std::string text = iso_moment(now);  // 2024-01-01T00:00:00.250Z
  text = text.substr(0, 19);
  std::erase(text, '-');
  std::erase(text, ':');
  return text + "Z";
}

// As lists say keys where encoding-type=url was asked for.
std::string form_decoded(std::string_view text) {
  std::string plain;
  for (size_t at = 0; at < text.size(); ++at) {
    int code = 0;
    if (text[at] == '%' && at + 2 < text.size() &&
        std::from_chars(text.data() + at + 1, text.data() + at + 3, code, 16).ec == std::errc()) {
      plain += static_cast<char>(code);
      at += 2;
    } else {
      plain += text[at] == '+' ? ' ' : text[at];
    }
  }
  return plain;
}

uint64_t number_of(const std::string& text) {
  uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

bool is_one_of(const std::string& word, std::initializer_list<const char*> words) {
  return std::ranges::any_of(words, [&](const char* known) { return word == known; });
}

double jitter() {
  thread_local std::minstd_rand generator(std::random_device{}());
  return std::uniform_real_distribution<double>(0.5, 1.0)(generator);
}

// Reads `buffer.size()` bytes from `offset` on. False where the file ends before.
bool read_at(int file, uint64_t offset, std::span<std::byte> buffer, const fs::path& path) {
  for (size_t done = 0; done < buffer.size();) {
    const ssize_t count = ::pread(file, buffer.data() + done, buffer.size() - done, static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail(ExitCode::io, "{}: cannot be read: {}", path.string(), errno_text(errno));
    if (count == 0) return false;
    done += static_cast<size_t>(count);
  }
  return true;
}

[[noreturn]] void file_changed(const fs::path& path) {
  fail(ExitCode::io, "{}: is not what it was when it was written: run again, which looks at all files", path.string());
}

}  // namespace

struct S3Client::Request {
  std::string method, key;
  Pairs query = {};
  Pairs headers = {};  // x-amz-* are signed
  std::span<const std::byte> body = {};
  std::string body_sha256 = {};    // hexadecimal, where it is known; else empty
  std::vector<long> answers = {};  // further statuses that are an answer: 404, 412
  uint64_t limit = most_answer;    // bytes of the answer's body
  bool error_in_body = false;      // 200 may come with an error: it was sent before the server knew
  std::optional<ByteRange> range = {};
};

struct S3Client::Answer {
  HttpOutcome outcome;
  std::string body;
  bool too_long = false;
  long status() const { return outcome.head.status; }
};

// What an answer means: it is one (`done`), or it is asked again after a while, or it is the end.
struct S3Client::Verdict {
  enum class Kind { done, again, at_once, end } kind = Kind::done;
  ExitCode code = ExitCode::unavailable;
  std::string reason = {};
  bool mismatch = false;  // what came is not what was sent
};

struct S3Client::Connections {
  std::mutex mutex;
  std::vector<std::unique_ptr<HttpClient>> idle;
  std::atomic<uint64_t> requests{0};

  std::unique_ptr<HttpClient> take() {
    const std::lock_guard guard(mutex);
    if (idle.empty()) return std::make_unique<HttpClient>();
    auto client = std::move(idle.back());
    idle.pop_back();
    return client;
  }
  void give_back(std::unique_ptr<HttpClient> client) {
    const std::lock_guard guard(mutex);
    idle.push_back(std::move(client));
  }
};

S3Client::S3Client(const std::string& bucket, S3Options options, Log& log, std::function<void()> watch,
                   CredentialSources sources)
    : bucket_(bucket),
      options_(options),
      log_(log),
      watch_(watch ? std::move(watch) : [] {}),
      credentials_(sources),
      server_(s3_server(bucket, sources.variables)),
      connections_(std::make_unique<Connections>()) {}

S3Client::~S3Client() = default;

uint64_t S3Client::requests() const { return connections_->requests; }

S3Server S3Client::server() {
  const std::lock_guard guard(mutex_);
  return server_;
}

S3Client::Answer S3Client::send(const Request& request, const AwsKeys& keys, const S3Server& server) {
  RequestToSign to_sign{request.method, server.path, request.query, {}, request.body_sha256};
  if (to_sign.payload_sha256.empty()) to_sign.payload_sha256 = sha256_hex(request.body);
  if (!request.key.empty() || to_sign.path.empty()) to_sign.path += "/" + aws_encoded(request.key, true);
  const SigningScope scope{amz_date(moment_now()), server.region};
  to_sign.headers = {
      {"Host", server.host}, {"x-amz-content-sha256", to_sign.payload_sha256}, {"x-amz-date", scope.time}};
  if (!keys.session_token.empty()) to_sign.headers.emplace_back("x-amz-security-token", keys.session_token);
  HttpRequest http{.connect_seconds = options_.connect_seconds, .stall_seconds = options_.stall_seconds};
  for (const auto& header : request.headers) {
    if (header.first.starts_with("x-amz-")) {
      to_sign.headers.push_back(header);
    } else {
      http.headers.push_back(header.first + ": " + header.second);
    }
  }
  for (const auto& [name, value] : to_sign.headers) {
    if (name != "Host") http.headers.push_back(name + ": " + value);
  }
  http.headers.push_back("Authorization: " + authorization(to_sign, keys, scope));
  http.headers.push_back("Expect:");  // what is refused is seldom: no round trip before each body
  http.url = server.base.substr(0, server.base.size() - server.path.size()) + to_sign.path;
  if (!request.query.empty()) http.url += "?" + canonical_query(request.query);
  if (request.range) http.range = range_text(*request.range);
  http.method = request.method;
  http.body = request.body;
  http.redirects = false;

  Answer answer;
  const HttpReceiver receiver{[](const HttpHead&) { return true; },
                              [&](std::span<const std::byte> bytes) {
                                answer.too_long = answer.body.size() + bytes.size() > request.limit;
                                if (answer.too_long) return false;
                                answer.body.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
                                return true;
                              }};
  ++connections_->requests;
  auto client = connections_->take();
  answer.outcome = client->get(http, receiver, watch_);
  connections_->give_back(std::move(client));
  return answer;
}

// The bucket is elsewhere: the next request goes there, unless this one did already.
S3Client::Verdict S3Client::of_region(const Answer& answer, const S3Server& server) {
  std::string region = answer.outcome.head.bucket_region;
  if (region.empty()) region = xml_text(answer.body, "Region");
  using Kind = Verdict::Kind;
  if (region.empty() || region == server.region) {
    return {Kind::end, ExitCode::unavailable,
            fmt::format("the server answers {} {}: set AWS_REGION to the bucket's", answer.status(),
                        xml_text(answer.body, "Code"))};
  }
  const std::lock_guard guard(mutex_);
  server_ = in_region(server, bucket_, region);
  return {Kind::at_once, ExitCode::unavailable, "the bucket is in " + region};
}

S3Client::Verdict S3Client::refused(const Answer& answer, const std::string& code, const AwsKeys& keys) {
  using Kind = Verdict::Kind;
  const std::string said = fmt::format("the server answers {} {}", answer.status(), code);
  if (is_one_of(code, {"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "InvalidToken",
                       "RequestExpired", "InvalidAccessKeyId"})) {
    if (credentials_.renew(keys)) return {Kind::at_once, ExitCode::credentials, said};
    return {Kind::end, ExitCode::credentials,
            fmt::format("{}: the credentials of {} have ended, or are not known: set new ones and run again", said,
                        credentials_.origin())};
  }
  const std::string origin = credentials_.origin();
  if (code == "RequestTimeTooSkewed") {
    return {Kind::end, ExitCode::credentials,
            fmt::format("{}: this machine's clock is wrong: there it is {}", said, answer.outcome.head.date)};
  }
  if (code == "SignatureDoesNotMatch") {
    return {Kind::end, ExitCode::credentials, fmt::format("{}: the secret key of {} is another's", said, origin)};
  }
  return {Kind::end, ExitCode::credentials,
          fmt::format("{}: the credentials of {} may not do this; docs/s3.md has the permissions", said, origin)};
}

S3Client::Verdict S3Client::judge(const Request& request, const Answer& answer, const AwsKeys& keys,
                                  const S3Server& server) {
  using Kind = Verdict::Kind;
  if (answer.too_long) return {Kind::end, ExitCode::bad_input, fmt::format("is larger than {} bytes", request.limit)};
  if (!answer.outcome.failure.empty()) {
    return {answer.outcome.hopeless ? Kind::end : Kind::again, ExitCode::unavailable, answer.outcome.failure};
  }
  const long status = answer.status();
  const std::string code = status < 300 && !request.error_in_body ? "" : xml_text(answer.body, "Code");
  const std::string said = fmt::format("the server answers {}{}{}", status, code.empty() ? "" : " ", code);
  if (code == "NoSuchBucket") return {Kind::end, ExitCode::missing_input, "there is no bucket of this name"};
  if (status >= 200 && status < 300 && code.empty()) return {};
  if (std::ranges::find(request.answers, status) != request.answers.end()) return {};
  if (is_one_of(code, {"AuthorizationHeaderMalformed", "PermanentRedirect", "TemporaryRedirect",
                       "IllegalLocationConstraintException"}) ||
      (status >= 300 && status < 400) ||
      (status == 400 && !answer.outcome.head.bucket_region.empty() &&
       answer.outcome.head.bucket_region != server.region)) {
    return of_region(answer, server);
  }
  if (is_one_of(code, {"BadDigest", "InvalidDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch"})) {
    return {Kind::again, ExitCode::io, said + ": what came is not what was sent", true};
  }
  if (is_one_of(code, {"RequestTimeout", "IncompleteBody", "SlowDown", "InternalError", "ServiceUnavailable",
                       "ConditionalRequestConflict", "OperationAborted"}) ||
      status == 408 || status == 425 || status == 429 || status >= 500) {
    return {Kind::again, ExitCode::unavailable, said};
  }
  const bool ended = is_one_of(code, {"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "InvalidToken"});
  if (status == 401 || status == 403 || ended) return refused(answer, code, keys);
  const std::string message = xml_text(answer.body, "Message").substr(0, 200);
  const ExitCode exit = status == 404 ? ExitCode::missing_input : ExitCode::unavailable;
  return {Kind::end, exit, said + (message.empty() ? "" : ": " + message)};
}

void S3Client::pause(double seconds) {
  for (const Stopwatch watch; watch.seconds() < seconds;) {
    watch_();
    std::this_thread::sleep_for(std::chrono::duration<double>(std::min(0.1, seconds)));
  }
}

S3Client::Answer S3Client::perform(const Request& request) {
  std::optional<Stopwatch> failing;
  int failures = 0, renewals = 0, mismatches = 0;
  while (true) {
    watch_();
    const AwsKeys keys = credentials_.keys();
    const S3Server at = server();
    Answer answer = send(request, keys, at);
    Verdict verdict = judge(request, answer, keys, at);
    if (verdict.kind == Verdict::Kind::done) return answer;
    if (verdict.kind == Verdict::Kind::at_once && ++renewals <= most_renewals) continue;
    if (!failing) failing.emplace();
    const bool hope = verdict.kind == Verdict::Kind::again && failing->seconds() < options_.patience_seconds &&
                      (!verdict.mismatch || ++mismatches < most_mismatches);
    if (!hope) {
      const char* advice = verdict.code == ExitCode::unavailable ? "; the same command continues" : "";
      fail(verdict.code, "{}: {}{}{}", text(request.key), verdict.reason,
           failures > 0 ? fmt::format(", after {} attempts", failures + 1) : "", advice);
    }
    const double seconds =
        backoff_seconds(options_.first_backoff_seconds, ++failures, jitter(), answer.outcome.retry_after);
    log_.warn("retry", {{"url", text(request.key)},
                        {"reason", verdict.reason},
                        {"attempt", failures},
                        {"wait_seconds", std::round(seconds * 100) / 100}});
    pause(std::min(seconds, std::max(0.0, options_.patience_seconds - failing->seconds())));
  }
}

std::optional<S3Object> S3Client::head(const std::string& key) {
  const Answer answer = perform({.method = "HEAD", .key = key, .answers = {404}});
  if (answer.status() == 404) return std::nullopt;
  return S3Object{key, answer.outcome.head.content_length.value_or(0), answer.outcome.head.etag};
}

std::optional<std::string> S3Client::get(const std::string& key, const std::optional<ByteRange>& range, uint64_t limit,
                                         const std::string& etag) {
  Request request{.method = "GET", .key = key, .answers = {404, 412}, .limit = limit, .range = range};
  if (!etag.empty()) request.headers.emplace_back("If-Match", etag);
  Answer answer = perform(request);
  if (answer.status() == 404) return std::nullopt;
  if (answer.status() == 412) fail(ExitCode::bad_input, "{}: changed while it was read: try again", text(key));
  if (range) {
    const auto sent = parse_content_range(answer.outcome.head.content_range);
    const bool whole =
        answer.status() == 200 && range->first == 0 && (!range->last || answer.body.size() <= *range->last + 1);
    if (!whole && (!sent || sent->first != range->first || answer.body.size() != sent->last - sent->first + 1)) {
      fail(ExitCode::bad_input, "{}: bytes {} were asked for, the server sends {} '{}'", text(key), range_text(*range),
           answer.status(), answer.outcome.head.content_range);
    }
  }
  return std::move(answer.body);
}

void S3Client::read(const S3Object& object, const std::function<void(std::span<const std::byte>)>& use) {
  for (uint64_t at = 0; at < object.size; at += options_.part_bytes) {
    const ByteRange range{at, std::min(at + options_.part_bytes, object.size) - 1};
    const auto piece = get(object.key, range, options_.part_bytes, object.etag);
    if (!piece || piece->size() != *range.last - range.first + 1) {
      fail(ExitCode::bad_input, "{}: changed while it was read: try again", text(object.key));
    }
    use(std::as_bytes(std::span(*piece)));
  }
}

void S3Client::list(const std::string& prefix, const std::function<void(const S3Object&)>& use) {
  std::string next;
  do {
    Request request{.method = "GET", .query = {{"list-type", "2"}, {"prefix", prefix}, {"encoding-type", "url"}}};
    if (!next.empty()) request.query.emplace_back("continuation-token", next);
    const Answer answer = perform(request);
    for (const std::string_view entry : xml_elements(answer.body, "Contents")) {
      use({form_decoded(xml_text(entry, "Key")), number_of(xml_text(entry, "Size")), xml_text(entry, "ETag")});
    }
    next = xml_text(answer.body, "IsTruncated") == "true" ? xml_text(answer.body, "NextContinuationToken") : "";
  } while (!next.empty());
}

bool S3Client::put(const std::string& key, std::span<const std::byte> content, bool only_new) {
  Request request{.method = "PUT", .key = key, .body = content, .body_sha256 = sha256_hex(content)};
  request.headers.emplace_back("x-amz-checksum-sha256", base64_of_hex(request.body_sha256));
  if (only_new) {
    request.headers.emplace_back("If-None-Match", "*");
    request.answers = {412};
  }
  return perform(request).status() != 412;
}

void S3Client::remove(const std::string& key) { perform({.method = "DELETE", .key = key, .answers = {404}}); }

std::vector<S3Upload> S3Client::uploads(const std::string& prefix) {
  std::vector<S3Upload> found;
  Pairs marker;
  do {
    Request request{.method = "GET", .query = {{"uploads", ""}, {"prefix", prefix}, {"encoding-type", "url"}}};
    request.query.insert(request.query.end(), marker.begin(), marker.end());
    const Answer answer = perform(request);
    for (const std::string_view entry : xml_elements(answer.body, "Upload")) {
      found.push_back({form_decoded(xml_text(entry, "Key")), xml_text(entry, "UploadId")});
    }
    marker.clear();
    if (xml_text(answer.body, "IsTruncated") != "true") break;
    marker = {{"key-marker", form_decoded(xml_text(answer.body, "NextKeyMarker"))},
              {"upload-id-marker", xml_text(answer.body, "NextUploadIdMarker")}};
  } while (!marker[0].second.empty());
  return found;
}

void S3Client::abort(const S3Upload& upload) {
  perform({.method = "DELETE", .key = upload.key, .query = {{"uploadId", upload.id}}, .answers = {404}});
}

// An upload under way. Destroyed without complete(), it is aborted, if that can be done at once: S3 keeps (and bills)
// parts of uploads that nobody ended.
class S3Client::PartsUpload {
 public:
  PartsUpload(S3Client& client, const std::string& key) : client_(client), key_(key) {
    const Answer answer = client_.perform({.method = "POST",
                                           .key = key_,
                                           .query = {{"uploads", ""}},
                                           .headers = {{"x-amz-checksum-algorithm", "SHA256"}}});
    id_ = xml_text(answer.body, "UploadId");
    if (id_.empty()) fail(ExitCode::unavailable, "{}: the server gives an upload no name", client_.text(key_));
  }
  PartsUpload(const PartsUpload&) = delete;
  PartsUpload& operator=(const PartsUpload&) = delete;
  ~PartsUpload() {
    if (id_.empty()) return;
    try {
      client_.send({.method = "DELETE", .key = key_, .query = {{"uploadId", id_}}}, client_.credentials_.keys(),
                   client_.server());
    } catch (...) {  // the next run finds it in the list of uploads
    }
  }

  // False where the upload is no more: another process aborted it.
  bool add(std::span<const std::byte> part) {
    const std::string digest = sha256_hex(part), checksum = base64_of_hex(digest);
    const int number = static_cast<int>(parts_.size()) + 1;
    const Answer answer = client_.perform({.method = "PUT",
                                           .key = key_,
                                           .query = {{"partNumber", std::to_string(number)}, {"uploadId", id_}},
                                           .headers = {{"x-amz-checksum-sha256", checksum}},
                                           .body = part,
                                           .body_sha256 = digest,
                                           .answers = {404}});
    if (answer.status() == 404) return gone();
    parts_.emplace_back(answer.outcome.head.etag, checksum);
    return true;
  }

  bool complete() {
    std::string xml = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
    for (size_t k = 0; k < parts_.size(); ++k) {
      xml += fmt::format("<Part><PartNumber>{}</PartNumber><ETag>{}</ETag><ChecksumSHA256>{}</ChecksumSHA256></Part>",
                         k + 1, parts_[k].first, parts_[k].second);
    }
    xml += "</CompleteMultipartUpload>";
    const Answer answer = client_.perform({.method = "POST",
                                           .key = key_,
                                           .query = {{"uploadId", id_}},
                                           .body = std::as_bytes(std::span(xml)),
                                           .answers = {404},
                                           .error_in_body = true});
    if (answer.status() == 404) return gone();
    id_.clear();
    return true;
  }

 private:
  bool gone() {
    id_.clear();
    return false;
  }

  S3Client& client_;
  std::string key_, id_;
  std::vector<std::pair<std::string, std::string>> parts_;  // ETag, SHA-256 as base64
};

void S3Client::put_parts(const std::string& key, const fs::path& path, uint64_t size, const std::string& sha256) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) fail(ExitCode::io, "{}: cannot be opened: {}", path.string(), errno_text(errno));
  const uint64_t a_part = std::max(options_.part_bytes, (size + most_parts - 1) / most_parts);
  std::vector<std::byte> buffer(a_part);
  constexpr int attempts = 3;  // of uploads that others abort, or that ended though the answer did not come
  for (int attempt = 1; attempt <= attempts; ++attempt) {
    PartsUpload upload(*this, key);
    Sha256 whole;
    bool there = true;
    for (uint64_t at = 0; there && at < size; at += a_part) {
      const std::span<std::byte> part = std::span(buffer).first(std::min(a_part, size - at));
      if (!read_at(file.get(), at, part, path)) file_changed(path);
      whole.update(part);
      there = upload.add(part);
    }
    if (there && !sha256.empty() && whole.hex() != sha256) file_changed(path);
    if (there && upload.complete()) return;
  }
  fail(ExitCode::unavailable, "{}: the upload was ended by others {} times; the same command continues", text(key),
       attempts);
}

bool S3Client::put_file(const std::string& key, const fs::path& path, const std::string& sha256) {
  std::error_code error;
  const uint64_t size = fs::file_size(path, error);
  if (error) return false;
  if (size > options_.part_bytes) {
    put_parts(key, path, size, sha256);
    return true;
  }
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file && errno == ENOENT) return false;
  if (!file) fail(ExitCode::io, "{}: cannot be opened: {}", path.string(), errno_text(errno));
  std::vector<std::byte> content(size);
  if (!read_at(file.get(), 0, content, path)) file_changed(path);
  if (!sha256.empty() && sha256_hex(content) != sha256) file_changed(path);
  put(key, content);
  return true;
}

}  // namespace hens
