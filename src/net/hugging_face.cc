#include "net/hugging_face.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace hens {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string trimmed(std::string text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && blank(text.back())) text.pop_back();
  text.erase(text.begin(), std::ranges::find_if_not(text, blank));
  return text;
}

std::filesystem::path token_file() {
  if (const std::string path = variable("HF_TOKEN_PATH"); !path.empty()) return path;
  if (const std::string home = variable("HF_HOME"); !home.empty()) return std::filesystem::path(home) / "token";
  if (const std::string cache = variable("XDG_CACHE_HOME"); !cache.empty()) {
    return std::filesystem::path(cache) / "huggingface/token";
  }
  const std::string home = variable("HOME");
  return home.empty() ? "" : std::filesystem::path(home) / ".cache/huggingface/token";
}

std::string token() {
  for (const char* name : {"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"}) {
    if (std::string value = trimmed(variable(name)); !value.empty()) return value;
  }
  std::error_code none;
  const std::filesystem::path path = token_file();
  if (path.empty() || !std::filesystem::is_regular_file(path, none)) return "";
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return trimmed(line);
}

bool is_encrypted_or_local(const std::string& address) {
  return address.starts_with("https://") || address.starts_with("http://127.0.0.1:") ||
         address.starts_with("http://localhost:") || address.starts_with("http://[::1]:");
}

}  // namespace

std::string hugging_face_endpoint() {
  std::string endpoint = trimmed(variable("HF_ENDPOINT"));
  while (endpoint.ends_with('/')) endpoint.pop_back();
  return endpoint.empty() ? "https://huggingface.co" : endpoint;
}

std::vector<std::string> hugging_face_headers(const std::string& address) {
  if (!address.starts_with(hugging_face_endpoint() + "/") || !is_encrypted_or_local(address)) return {};
  const std::string secret = token();
  // A line break would begin another header.
  const bool plain = std::ranges::all_of(secret, [](unsigned char c) { return c > ' ' && c < 127; });
  if (secret.empty() || !plain) return {};
  return {"Authorization: Bearer " + secret};
}

}  // namespace hens
