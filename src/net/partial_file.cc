#include "net/partial_file.h"

#include <cerrno>
#include <exception>
#include <fcntl.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include "base/error.h"
#include "base/json.h"

namespace hens {
namespace {

// Bytes between two notes: at most this much is fetched again after a loss of power, and less is not worth keeping.
constexpr uint64_t note_every = uint64_t{64} << 20, worth_keeping = uint64_t{1} << 20;

[[noreturn]] void fail_io(const fs::path& path, const char* what) {
  const int error_number = errno;
  fail(ExitCode::io, "{}: cannot {}: {}", path.string(), what, errno_text(error_number));
}

}  // namespace

PartialFile::PartialFile(fs::path path, std::string what) : path_(std::move(path)), what_(std::move(what)) {
  make_folders(path_.parent_path());
  file_ = FileDescriptor(::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666));
  if (!file_) {
    const int error_number = errno;
    if (error_number == ELOOP) {
      fail(ExitCode::cannot_create, "{}: is a link where a file of the cache was expected: who put it there? Remove it",
           path_.string());
    }
    fail(output_error_code(error_number), "{}: cannot create: {}", path_.string(), errno_text(error_number));
  }
  struct stat status{};
  if (::fstat(file_.get(), &status) == 0 && (!S_ISREG(status.st_mode) || status.st_nlink > 1)) {
    fail(ExitCode::cannot_create,
         "{}: is no file of the cache's own (a device, a FIFO or a second name of another file): "
         "remove it",
         path_.string());
  }
  take_up_earlier_try();
}

PartialFile::~PartialFile() {
  if (!file_) return;
  if (size_ < worth_keeping || !resumable()) {
    discard();
    return;
  }
  try {
    note_progress();
  } catch (const std::exception&) {
    // The note of before still tells the truth about fewer bytes.
  }
}

bool PartialFile::resumable() const noexcept { return !version_.empty() && !version_.starts_with("W/"); }

fs::path PartialFile::note_path() const { return path_.string() + ".json"; }

void PartialFile::take_up_earlier_try() {
  std::error_code missing;
  struct stat status{};
  if (fs::exists(note_path(), missing) && ::fstat(file_.get(), &status) == 0) {
    const auto note = try_parse_json(read_file(note_path(), 1 << 20)).value_or(nullptr);
    const auto text = [&](const char* key) {
      return note.is_object() && note.contains(key) && note[key].is_string() ? note[key].get<std::string>() : "";
    };
    const bool counted = note.is_object() && note.contains("bytes") && note["bytes"].is_number_unsigned();
    if (counted && text("what") == what_ && note["bytes"].get<uint64_t>() <= static_cast<uint64_t>(status.st_size)) {
      version_ = text("version");
      if (resumable()) size_ = noted_ = note["bytes"].get<uint64_t>();
    }
  }
  // What lies behind the noted bytes may not have reached the disk.
  if (::ftruncate(file_.get(), static_cast<off_t>(size_)) != 0) fail_io(path_, "truncate");
  if (::lseek(file_.get(), 0, SEEK_END) < 0) fail_io(path_, "seek");
}

void PartialFile::restart(const std::string& version) {
  // The note goes first: it must never speak of bytes of another version.
  if (noted_ > 0) ::unlink(note_path().c_str());
  if (::ftruncate(file_.get(), 0) != 0 || ::lseek(file_.get(), 0, SEEK_SET) < 0) fail_io(path_, "truncate");
  version_ = version;
  size_ = noted_ = 0;
}

void PartialFile::append(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(file_.get(), bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail_io(path_, "write");
    size_ += static_cast<uint64_t>(n);
    bytes = bytes.subspan(static_cast<size_t>(n));
  }
  if (resumable() && size_ - noted_ >= note_every) note_progress();
}

void PartialFile::note_progress() {
  if (::fsync(file_.get()) != 0) fail_io(path_, "fsync");
  const nlohmann::json note{{"what", what_}, {"version", version_}, {"bytes", size_}};
  publish_file(note_path(), note.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  noted_ = size_;
}

void PartialFile::publish_as(const fs::path& final_path) {
  publish_written(path_, final_path);
  ::unlink(note_path().c_str());
  file_ = FileDescriptor();
}

void PartialFile::discard() noexcept {
  ::unlink(note_path().c_str());
  ::unlink(path_.c_str());
  file_ = FileDescriptor();
  size_ = noted_ = 0;
}

}  // namespace hens
