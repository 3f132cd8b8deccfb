// One HTTP request, once: what was asked, what came back. The only file that knows libcurl; retries and their reasons
// are transfer.h's and s3_client.h's.
//
// TLS is verified, against the authorities of ca_bundle.h; redirects are followed, five at most, to http and https only
// and never from https to http; no credentials are read, and an Authorization among the further headers is sent to the
// host that was asked alone, not to one that it redirects to. An HttpClient keeps its connections for the next request
// and serves one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace hens {

struct HttpRequest {
  std::string url;
  std::string range;     // `first-last` or `first-`; empty: everything
  std::string if_range;  // validator of what is already here: another version is sent whole; empty: none
  double connect_seconds = 10;
  double stall_seconds = 20;             // slower than 1 kB/s (libcurl's mean over 5 s) this long: given up
  std::vector<std::string> headers;      // further ones, as "Name: value"
  bool put = false;                      // PUT with an empty body in place of GET
  bool direct = false;                   // past any proxy of the environment, no redirects: for link-local services
  std::string method = {};               // GET, HEAD, PUT, POST or DELETE; empty: as `put` says
  std::span<const std::byte> body = {};  // of PUT and POST; has to live as long as the request
  bool redirects = true;                 // a signature holds for one host: no redirect is followed then
};

struct HttpHead {
  long status = 0;  // of the last response, after redirects
  std::string etag, last_modified;
  std::string content_range, content_encoding;
  std::string bucket_region;    // S3, in the answer of a wrong region
  std::string accept_ranges;    // "bytes": the server can send parts
  std::string linked_etag;      // of the hub's redirect: for large files their SHA-256
  std::string checksum_sha256;  // S3: base64
  std::string date;             // the server's clock
  std::optional<uint64_t> content_length;
  bool self_delimiting = false;  // a body cut short would be noticed
};

struct HttpOutcome {
  HttpHead head;
  bool refused = false;               // the receiver wanted no more
  std::string failure;                // empty: the response came whole
  bool hopeless = false;              // with `failure`: a wrong certificate, a redirect into nowhere: no retry mends it
  std::optional<double> retry_after;  // seconds, as the server wishes
};

// Who takes the answer. Both return false to end the transfer; exceptions end it too and reach the caller of get().
struct HttpReceiver {
  std::function<bool(const HttpHead&)> begin;            // once, before the body, also where that is empty
  std::function<bool(std::span<const std::byte>)> body;  // any number of times
};

class HttpClient {
 public:
  HttpClient();
  ~HttpClient();
  HttpClient(HttpClient&&) noexcept;

  // Performs the request, which is a GET unless it says otherwise. `watch` is called several times a second and may
  // throw to end the transfer.
  HttpOutcome get(const HttpRequest& request, const HttpReceiver& receiver, const std::function<void()>& watch);

 private:
  struct Handles;
  std::unique_ptr<Handles> handles_;
};

}  // namespace hens
