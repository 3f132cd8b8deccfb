#include "ec2/cidr.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include <arpa/inet.h>

#include "base/error.h"
#include "base/options.h"
#include "base/stop.h"
#include "net/http.h"

namespace hens::ec2 {
namespace {

constexpr int widest_prefix = 8;
constexpr size_t longest_answer = 64;

std::optional<uint32_t> parse_ipv4(const std::string& text) {
  in_addr address{};
  if (::inet_pton(AF_INET, text.c_str(), &address) != 1) return std::nullopt;
  return ntohl(address.s_addr);
}

std::string ipv4_text(uint32_t address) {
  return fmt::format("{}.{}.{}.{}", address >> 24, (address >> 16) & 255, (address >> 8) & 255, address & 255);
}

bool within(uint32_t address, const char* base, int prefix) {
  return ((address ^ *parse_ipv4(base)) >> (32 - prefix)) == 0;
}

std::string canonical_cidr(const std::string& text) {
  const size_t slash = text.find('/');
  const auto address = parse_ipv4(text.substr(0, slash));
  if (!address) fail(ExitCode::usage, "--ssh-cidr '{}': expected IPv4 ranges as 203.0.113.0/24,198.51.100.7/32", text);
  const int prefix =
      slash == std::string::npos ? 32 : parse_number("--ssh-cidr " + text + ": prefix", text.substr(slash + 1), 0, 32);
  if (prefix < widest_prefix) {
    fail(ExitCode::usage, "--ssh-cidr {}: opens SSH to {}: give a range of /{} or narrower", text,
         prefix == 0 ? "everybody" : "a large part of the internet", widest_prefix);
  }
  const uint32_t mask = ~uint32_t{0} << (32 - prefix);
  return fmt::format("{}/{}", ipv4_text(*address & mask), prefix);
}

bool is_trusted_url(const std::string& url) {
  return url.starts_with("https://") || url.starts_with("http://127.0.0.1:") || url.starts_with("http://localhost:");
}

}  // namespace

std::vector<std::string> parse_cidrs(const std::string& text) {
  std::vector<std::string> cidrs;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t comma = std::min(text.find(',', begin), text.size());
    std::string part = text.substr(begin, comma - begin);
    std::erase(part, ' ');
    cidrs.push_back(canonical_cidr(part));
    begin = comma + 1;
  }
  std::sort(cidrs.begin(), cidrs.end());
  cidrs.erase(std::unique(cidrs.begin(), cidrs.end()), cidrs.end());
  return cidrs;
}

bool is_public_ipv4(const std::string& text) {
  const auto address = parse_ipv4(text);
  if (!address) return false;
  // RFC 1918, RFC 6598 (carriers' NAT), loopback, link-local, this network, multicast and above.
  return !within(*address, "10.0.0.0", 8) && !within(*address, "172.16.0.0", 12) &&
         !within(*address, "192.168.0.0", 16) && !within(*address, "100.64.0.0", 10) &&
         !within(*address, "127.0.0.0", 8) && !within(*address, "169.254.0.0", 16) && !within(*address, "0.0.0.0", 8) &&
         !within(*address, "224.0.0.0", 3);
}

std::optional<std::string> find_public_ip() {
  const char* other = std::getenv("HENS_EC2_CHECKIP_URL");
  const std::string url = other != nullptr ? other : "https://checkip.amazonaws.com/";
  if (!is_trusted_url(url)) fail(ExitCode::usage, "HENS_EC2_CHECKIP_URL {}: expected an https:// address", url);
  std::string answer;
  const HttpReceiver receiver{[](const HttpHead& head) { return head.status == 200; },
                              [&](std::span<const std::byte> bytes) {
                                answer.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
                                return answer.size() <= longest_answer;
                              }};
  HttpRequest request{url};
  request.connect_seconds = request.stall_seconds = 5;
  const HttpOutcome outcome = HttpClient().get(request, receiver, [] { stop_if_requested(); });
  if (outcome.refused || !outcome.failure.empty()) return std::nullopt;
  while (!answer.empty() && std::isspace(static_cast<unsigned char>(answer.back()))) answer.pop_back();
  if (!is_public_ipv4(answer)) return std::nullopt;
  return answer;
}

}  // namespace hens::ec2
