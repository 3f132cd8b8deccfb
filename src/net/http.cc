#include "net/http.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <string_view>

#include <curl/curl.h>
#include <fmt/format.h>

#include "base/secrets.h"
#include "base/version.h"
#include "net/ca_bundle.h"
#include "net/proxy.h"

namespace hens {
namespace {

constexpr int poll_milliseconds = 200;
constexpr long least_bytes_per_second = 1000, most_redirects = 5;

void start_curl_once() {
  static std::once_flag once;
  std::call_once(once, [] {
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) throw std::runtime_error("libcurl cannot start");
  });
}

struct HeaderList {
  curl_slist* first = nullptr;
  HeaderList() = default;
  HeaderList(const HeaderList&) = delete;
  HeaderList& operator=(const HeaderList&) = delete;
  ~HeaderList() { curl_slist_free_all(first); }
  void add(const std::string& line) { first = curl_slist_append(first, line.c_str()); }
};

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), [](unsigned char c) { return std::tolower(c); });
  return result;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  return text;
}

// `HTTP/1.1 206 Partial Content` opens each response of a chain of redirects: what the last one said does not hold any
// more, but for the hub's digest, which only the redirect carries.
void read_status_line(std::string_view line, HttpHead& head) {
  HttpHead fresh;
  fresh.linked_etag = head.linked_etag;
  fresh.self_delimiting = !line.starts_with("HTTP/1.");  // later versions frame their bodies
  const size_t blank = line.find(' ');
  if (blank != std::string_view::npos) {
    std::from_chars(line.data() + blank + 1, line.data() + line.size(), fresh.status);
  }
  head = fresh;
}

void read_header(std::string_view line, HttpHead& head) {
  if (line.starts_with("HTTP/")) return read_status_line(line, head);
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  const std::string name = lower(trimmed(line.substr(0, colon)));
  const std::string value(trimmed(line.substr(colon + 1)));
  if (name == "etag") head.etag = value;
  if (name == "last-modified") head.last_modified = value;
  if (name == "content-range") head.content_range = value;
  if (name == "accept-ranges") head.accept_ranges = lower(value);
  if (name == "content-encoding") head.content_encoding = lower(value);
  if (name == "x-amz-bucket-region") head.bucket_region = value;
  if (name == "x-linked-etag") head.linked_etag = value;
  if (name == "x-amz-checksum-sha256") head.checksum_sha256 = value;
  if (name == "date") head.date = value;
  if (name == "transfer-encoding" && lower(value).ends_with("chunked")) head.self_delimiting = true;
  if (name == "content-length") {
    uint64_t length = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), length);
    if (error == std::errc() && end == value.data() + value.size()) head.content_length = length;
  }
}

// What the callbacks share during one get().
struct Exchange {
  const HttpReceiver* receiver = nullptr;
  HttpHead head;
  bool begun = false, refused = false;
  std::exception_ptr thrown;

  // Exceptions must not cross C code.
  template <typename F>
  bool guarded(F&& call) noexcept {
    try {
      if (call()) return true;
      refused = true;
    } catch (...) {
      thrown = std::current_exception();
    }
    return false;
  }

  bool begin() {
    begun = true;
    head.self_delimiting = head.self_delimiting || head.content_length.has_value();
    return guarded([&] { return receiver->begin(head); });
  }
};

size_t on_header(char* data, size_t size, size_t count, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  const bool done = exchange.guarded([&] {
    read_header(std::string_view(data, size * count), exchange.head);
    return true;
  });
  return done ? size * count : 0;
}

size_t on_body(char* data, size_t size, size_t count, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  if (!exchange.begun && !exchange.begin()) return 0;
  const auto bytes = std::as_bytes(std::span(data, size * count));
  return exchange.guarded([&] { return exchange.receiver->body(bytes); }) ? size * count : 0;
}

// A request's body on its way. libcurl goes back to its beginning where a kept connection turns out to be closed.
struct Sending {
  std::span<const std::byte> body;
  size_t at = 0;
};

size_t on_read(char* data, size_t size, size_t count, void* user) {
  auto& sending = *static_cast<Sending*>(user);
  const size_t piece = std::min(size * count, sending.body.size() - sending.at);
  if (piece > 0) std::memcpy(data, sending.body.data() + sending.at, piece);
  sending.at += piece;
  return piece;
}

int on_seek(void* user, curl_off_t offset, int origin) {
  auto& sending = *static_cast<Sending*>(user);
  if (origin != SEEK_SET || offset < 0 || static_cast<size_t>(offset) > sending.body.size()) return CURL_SEEKFUNC_FAIL;
  sending.at = static_cast<size_t>(offset);
  return CURL_SEEKFUNC_OK;
}

bool no_retry_mends(CURLcode code, long last_status) {
  switch (code) {
    case CURLE_UNSUPPORTED_PROTOCOL:  // also said of an answer that is not HTTP: only after a redirect is it an address
      return last_status >= 300 && last_status < 400;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_URL_MALFORMAT:
    case CURLE_TOO_MANY_REDIRECTS:
    case CURLE_LOGIN_DENIED:
      return true;
    default:
      return false;
  }
}

std::string failure_text(CURLcode code, const char* details, const HttpRequest& request) {
  if (code == CURLE_OPERATION_TIMEDOUT && std::string_view(details).find("too slow") != std::string_view::npos) {
    return fmt::format("stalled: less than 1 kB/s for {:g} s", request.stall_seconds);
  }
  std::string text(trimmed(details[0] != '\0' ? std::string_view(details) : curl_easy_strerror(code)));
  if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE) {
    const std::string origin = ca_bundle().origin;
    text += fmt::format(
        "; trusted are {}: where a company's proxy signs with a certificate of its own, name its authorities in "
        "SSL_CERT_FILE, SSL_CERT_DIR, CURL_CA_BUNDLE or REQUESTS_CA_BUNDLE",
        origin.empty() ? "the system's certificate authorities" : "those of " + origin);
  }
  const bool proxys_part = code == CURLE_COULDNT_RESOLVE_PROXY || code == CURLE_COULDNT_CONNECT ||
                           code == CURLE_OPERATION_TIMEDOUT || code == CURLE_PROXY ||
                           text.find("CONNECT") != std::string::npos || text.find("proxy") != std::string::npos;
  const std::string proxy = proxys_part && !request.direct ? redacted(proxy_for(request.url)) : "";
  if (!proxy.empty())
    text += fmt::format("; asked through the proxy of {}: mend or unset it, or name the host in no_proxy", proxy);
  return text;
}

}  // namespace

struct HttpClient::Handles {
  CURLM* multi = curl_multi_init();
  CURL* easy = curl_easy_init();
  ~Handles() {
    curl_easy_cleanup(easy);
    curl_multi_cleanup(multi);
  }

  template <typename Value>
  void set(CURLoption option, Value value) {
    if (curl_easy_setopt(easy, option, value) != CURLE_OK) {
      throw std::runtime_error(fmt::format("libcurl does not take option {}", static_cast<int>(option)));
    }
  }

  // What is sent beside the headers.
  void set_method(const HttpRequest& request, Sending& sending) {
    const std::string method = !request.method.empty() ? request.method : request.put ? "PUT" : "GET";
    if (method == "HEAD") return set(CURLOPT_NOBODY, 1L);
    if (method == "GET") return;
    set(CURLOPT_CUSTOMREQUEST, method.c_str());  // which libcurl copies
    if (method == "DELETE") return;
    sending.body = request.body;
    set(CURLOPT_UPLOAD, 1L);
    set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    set(CURLOPT_READFUNCTION, &on_read);
    set(CURLOPT_READDATA, static_cast<void*>(&sending));
    set(CURLOPT_SEEKFUNCTION, &on_seek);
    set(CURLOPT_SEEKDATA, static_cast<void*>(&sending));
  }

  void prepare(const HttpRequest& request, Exchange& exchange, Sending& sending, HeaderList& headers,
               char* error_text) {
    curl_easy_reset(easy);
    set(CURLOPT_URL, request.url.c_str());
    set(CURLOPT_USERAGENT, (std::string("hens/") + version).c_str());
    if (!request.range.empty()) set(CURLOPT_RANGE, request.range.c_str());
    if (!request.if_range.empty()) headers.add("If-Range: " + request.if_range);
    for (const std::string& line : request.headers) headers.add(line);
    set(CURLOPT_HTTPHEADER, headers.first);
    set(CURLOPT_ERRORBUFFER, error_text);
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_QUICK_EXIT, 1L);  // a stop does not wait for a name server
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_REDIR_PROTOCOLS_STR, request.url.starts_with("https:") ? "https" : "http,https");
    set(CURLOPT_FOLLOWLOCATION, request.direct || !request.redirects ? 0L : 1L);
    set(CURLOPT_PATH_AS_IS, request.redirects ? 0L : 1L);  // what is signed is what is asked for
    if (request.direct) set(CURLOPT_NOPROXY, "*");
    set_method(request, sending);
    const CaBundle authorities = ca_bundle();
    if (!authorities.file.empty()) set(CURLOPT_CAINFO, authorities.file.c_str());
    if (!authorities.folder.empty()) set(CURLOPT_CAPATH, authorities.folder.c_str());
    set(CURLOPT_MAXREDIRS, most_redirects);
    set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    set(CURLOPT_CONNECTTIMEOUT_MS, std::lround(1000 * request.connect_seconds));
    set(CURLOPT_LOW_SPEED_LIMIT, least_bytes_per_second);
    set(CURLOPT_LOW_SPEED_TIME, std::max(1L, std::lround(request.stall_seconds)));
    set(CURLOPT_HEADERFUNCTION, &on_header);
    set(CURLOPT_HEADERDATA, static_cast<void*>(&exchange));
    set(CURLOPT_WRITEFUNCTION, &on_body);
    set(CURLOPT_WRITEDATA, static_cast<void*>(&exchange));
  }

  // Until the transfer ends. The easy handle leaves the multi handle whatever happens.
  CURLcode perform(const std::function<void()>& watch) {
    struct Membership {
      Handles& handles;
      explicit Membership(Handles& h) : handles(h) { curl_multi_add_handle(h.multi, h.easy); }
      ~Membership() { curl_multi_remove_handle(handles.multi, handles.easy); }
    } const membership(*this);
    int running = 1;
    while (true) {
      if (const CURLMcode code = curl_multi_perform(multi, &running); code != CURLM_OK) {
        throw std::runtime_error(fmt::format("libcurl: {}", curl_multi_strerror(code)));
      }
      if (running == 0) break;
      curl_multi_poll(multi, nullptr, 0, poll_milliseconds, nullptr);
      watch();
    }
    int left = 0;
    const CURLMsg* message = curl_multi_info_read(multi, &left);
    return message != nullptr && message->msg == CURLMSG_DONE ? message->data.result : CURLE_FAILED_INIT;
  }
};

HttpClient::HttpClient() {
  start_curl_once();
  handles_ = std::make_unique<Handles>();
  if (handles_->easy == nullptr || handles_->multi == nullptr) throw std::runtime_error("libcurl cannot start");
}
HttpClient::~HttpClient() = default;
HttpClient::HttpClient(HttpClient&&) noexcept = default;

HttpOutcome HttpClient::get(const HttpRequest& request, const HttpReceiver& receiver,
                            const std::function<void()>& watch) {
  Exchange exchange{&receiver};
  Sending sending;
  HeaderList headers;
  char details[CURL_ERROR_SIZE] = "";
  headers.add("Accept-Encoding: identity");  // ranges and digests are of the file itself
  handles_->prepare(request, exchange, sending, headers, details);
  const CURLcode code = handles_->perform(watch);
  if (exchange.thrown) std::rethrow_exception(exchange.thrown);
  if (code == CURLE_OK && !exchange.begun) exchange.begin();
  if (exchange.thrown) std::rethrow_exception(exchange.thrown);

  HttpOutcome outcome{exchange.head, exchange.refused};
  if (code != CURLE_OK && !exchange.refused) {
    outcome.failure = failure_text(code, details, request);
    outcome.hopeless = no_retry_mends(code, exchange.head.status);
  }
  curl_off_t seconds = 0;
  if (curl_easy_getinfo(handles_->easy, CURLINFO_RETRY_AFTER, &seconds) == CURLE_OK && seconds > 0) {
    outcome.retry_after = static_cast<double>(seconds);
  }
  return outcome;
}

}  // namespace hens
