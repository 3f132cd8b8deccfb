#include "base/file_kind.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <fcntl.h>
#include <string_view>
#include <unistd.h>

#include <fmt/format.h>

#include "base/files.h"

namespace hens {
namespace {

using namespace std::string_view_literals;

struct Kind {
  size_t at;
  std::string_view magic;
  const char* text;
};

constexpr std::array kinds{
    Kind{0, "PK\3\4"sv, "a ZIP archive: unzip it and name the file inside"},
    Kind{0, "PK\5\6"sv, "an empty ZIP archive: fetch it again"},
    Kind{0, "\x1f\x8b"sv, "compressed by gzip: gunzip it first"},
    Kind{0, "BZh"sv, "compressed by bzip2: bunzip2 it first"},
    Kind{0,
         "\xfd"
         "7zXZ\0"sv,
         "compressed by xz: unxz it first"},
    Kind{0, "\x28\xb5\x2f\xfd"sv, "compressed by zstd: unzstd it first"},
    Kind{0, "\x04\x22\x4d\x18"sv, "compressed by lz4: unlz4 it first"},
    Kind{0, "7z\xbc\xaf\x27\x1c"sv, "a 7z archive: unpack it and name the file inside"},
    Kind{257, "ustar"sv, "a tar archive: unpack it (tar -xf) and name the file inside"},
    Kind{0, "GRIB"sv, "GRIB: initial_conditions.source: grib reads it"},
    Kind{0, "BUFR"sv, "BUFR, observations: fields on a grid are needed"},
    Kind{0, "CDF\1"sv, "netCDF (classic): initial_conditions.source: netcdf reads it"},
    Kind{0, "CDF\2"sv, "netCDF (64-bit offsets): initial_conditions.source: netcdf reads it"},
    Kind{0, "CDF\5"sv, "netCDF (64-bit data): initial_conditions.source: netcdf reads it"},
    Kind{0, "\x89HDF\r\n\x1a\n"sv,
         "HDF5, as netCDF-4 and makani's files are: initial_conditions.source: netcdf or makani reads it"},
    Kind{0, "version https://git-lfs"sv, "a pointer of git-lfs in place of the file: `git lfs pull` fetches it"},
    Kind{0, "\x93NUMPY"sv, "an array of NumPy (.npy)"},
    Kind{0, "%PDF"sv, "a PDF document"},
    Kind{0, "\x89PNG"sv, "a PNG picture"},
    Kind{0,
         "\x7f"
         "ELF"sv,
         "a program"},
};

std::string hint(std::string_view what) { return fmt::format("; it is {}", what); }

}  // namespace

std::string file_kind_hint(std::span<const std::byte> first_bytes) {
  const std::string_view text(reinterpret_cast<const char*>(first_bytes.data()),
                              std::min(first_bytes.size(), file_kind_bytes));
  if (text.empty()) return hint("an empty file: fetch or write it again");
  for (const Kind& kind : kinds) {
    if (text.size() > kind.at && text.substr(kind.at).starts_with(kind.magic)) return hint(kind.text);
  }
  if (text.find_first_not_of('\0') == text.npos)
    return hint("a file of zeros, as a broken download leaves: fetch it again");
  const size_t first = text.find_first_not_of(" \t\r\n\xef\xbb\xbf");
  const std::string_view words = first == text.npos ? "" : text.substr(first);
  if (words.starts_with('<')) return hint("a page of HTML or XML, as a login or an error shows: fetch it again");
  if (words.starts_with('{') || words.starts_with('[')) return hint("JSON, as a server's error is: look into it");
  const auto printed = [](unsigned char c) { return std::isprint(c) || std::isspace(c); };
  if (std::ranges::all_of(text, printed)) return hint("text: look into it");
  return "";
}

std::string file_kind_hint(const std::filesystem::path& path, const char* expected) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) return "";
  std::array<std::byte, file_kind_bytes> bytes{};
  const ssize_t count = ::pread(file.get(), bytes.data(), bytes.size(), 0);
  if (count < 0) return "";
  const std::string hint = file_kind_hint(std::span(bytes).first(static_cast<size_t>(count)));
  return expected != nullptr && hint.find(expected) != std::string::npos ? "" : hint;
}

}  // namespace hens
