// What the fuzz targets share. A target is one file with LLVMFuzzerTestOneInput, as libFuzzer has it: it gives the
// bytes to one parser, which has to return or to throw hens::Error. Anything else (another exception, a signal, a
// sanitizer's finding, an input that takes longer or more memory than driver.cc allows) is a finding.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <span>
#include <string>
#include <string_view>
#include <unistd.h>

#include "base/error.h"
#include "base/files.h"

namespace hens::fuzz {

// Errors are what a parser is for. With HENS_FUZZ_SAY in the environment they are printed.
template <typename Parse>
void value_or_error(const Parse& parse) {
  try {
    parse();
  } catch (const Error& error) {
    if (std::getenv("HENS_FUZZ_SAY") != nullptr) std::fprintf(stderr, "  %s\n", error.what());
    // What people are told has an end, whatever the input.
    if (std::string_view(error.what()).size() > (1 << 20)) std::abort();
  }
}

inline std::string text(const uint8_t* data, size_t size) { return {reinterpret_cast<const char*>(data), size}; }
inline std::span<const std::byte> bytes(const uint8_t* data, size_t size) {
  return std::as_bytes(std::span(data, size));
}

// The folder of this process for input files, in memory where there is such a place. Removed at the end of the process.
class Folder {
 public:
  Folder() {
    std::string pattern = access("/dev/shm", W_OK) == 0 ? "/dev/shm/hens_fuzz_XXXXXX" : "/tmp/hens_fuzz_XXXXXX";
    path_ = mkdtemp(pattern.data());
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  // Puts the file `name` there, anew: nobody has mapped it.
  fs::path put(const std::string& name, const uint8_t* data, size_t size) const {
    const fs::path path = path_ / name;
    ::unlink(path.c_str());
    const FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    for (size_t done = 0; done < size;) {
      const ssize_t n = ::write(file.get(), data + done, size - done);
      if (n <= 0) std::abort();
      done += static_cast<size_t>(n);
    }
    return path;
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

inline const Folder& folder() {
  static const Folder one;
  return one;
}

}  // namespace hens::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
