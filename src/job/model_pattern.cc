#include "job/model_pattern.h"

#include <algorithm>
#include <charconv>
#include <fnmatch.h>
#include <optional>

#include "base/error.h"
#include "base/files.h"

namespace hens {
namespace {

constexpr size_t most = 10'000;

using Texts = std::vector<std::string>;

[[noreturn]] void wrong(const std::string& what) { fail(ExitCode::bad_spec, "{}", what); }

Texts split_at_commas(const std::string& text) {
  Texts parts(1);
  for (const char c : text) {
    if (c == ',') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

std::optional<int> whole_number(const std::string& text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

// "102..130"; none where the text is something else.
std::optional<Texts> counted(const std::string& text) {
  const size_t dots = text.find("..");
  if (dots == std::string::npos) return std::nullopt;
  const std::string from = text.substr(0, dots);
  const auto first = whole_number(from), last = whole_number(text.substr(dots + 2));
  if (!first || !last || *last < *first || *last - *first >= static_cast<int>(most)) {
    wrong(fmt::format("has {{{}}}, expected two whole numbers, as {{102..130}}", text));
  }
  Texts numbers;
  for (int k = *first; k <= *last; ++k) numbers.push_back(fmt::format("{:0{}}", k, from.size()));
  return numbers;
}

Texts alternatives(const std::string& text) {
  if (auto numbers = counted(text)) return *numbers;
  Texts words = split_at_commas(text);
  if (std::ranges::any_of(words, &std::string::empty)) {
    wrong(fmt::format("has {{{}}}, expected words between commas, as {{12,16,17}}", text));
  }
  return words;
}

Texts without_braces(const std::string& pattern) {
  Texts made{""};
  for (size_t at = 0; at < pattern.size();) {
    const size_t open = std::min(pattern.find('{', at), pattern.size());
    for (std::string& text : made) text += pattern.substr(at, open - at);
    if (open == pattern.size()) break;
    const size_t close = pattern.find('}', open);
    if (close == std::string::npos) wrong("has a { without a }, expected alternatives, as {12,16,17}");
    const Texts words = alternatives(pattern.substr(open + 1, close - open - 1));
    if (made.size() * words.size() > most) wrong(fmt::format("stands for more than {} packages", most));
    Texts longer;
    for (const std::string& text : made) {
      for (const std::string& word : words) longer.push_back(text + word);
    }
    made = std::move(longer);
    at = close + 1;
  }
  return made;
}

// Folders that a path matches whose components may have `*`.
std::vector<fs::path> matching_folders(const fs::path& pattern) {
  std::vector<fs::path> found{""};
  for (const fs::path& component : pattern) {
    std::vector<fs::path> next;
    for (const fs::path& above : found) {
      if (component.string().find('*') == std::string::npos) {
        next.push_back(above / component);
        continue;
      }
      std::error_code error;
      for (const auto& entry : fs::directory_iterator(above.empty() ? fs::path(".") : above, error)) {
        const std::string name = entry.path().filename().string();
        const bool fits = ::fnmatch(component.c_str(), name.c_str(), FNM_PERIOD) == 0;
        if (fits && entry.is_directory(error)) next.push_back(above / name);
      }
    }
    found = std::move(next);
  }
  std::error_code error;
  std::erase_if(found, [&](const fs::path& path) { return !fs::is_directory(path, error); });
  std::ranges::sort(found);
  return found;
}

void expand_stars(const std::string& path, Texts& made) {
  if (path.find('*') == std::string::npos) return made.push_back(path);
  if (path.find("://") != std::string::npos) {
    wrong("has a * in an address, whose server cannot be asked what it has: expected the names, as seed{102,103}");
  }
  const std::vector<fs::path> folders = matching_folders(path);
  if (folders.empty()) wrong(fmt::format("is '{}', which matches no folder", path));
  for (const fs::path& folder : folders) made.push_back(folder.string());
}

}  // namespace

std::vector<std::string> expand_model_pattern(const std::string& pattern) {
  std::error_code error;
  if (pattern.find_first_of("{*") == std::string::npos || fs::exists(pattern, error)) return {pattern};
  Texts made;
  for (const std::string& path : without_braces(pattern)) expand_stars(path, made);
  return made;
}

}  // namespace hens
