#include "base/files.h"

#include <atomic>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <thread>
#include <unistd.h>
#include <utility>

#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/locks.h"
#include "base/stop.h"

namespace hens {
namespace {

constexpr std::string_view temporary_suffix = ".tmp";

// What to do about an error of a file that is being published; empty where the error says it.
const char* remedy(int error_number, bool of_rename) {
  if (error_number == EFBIG) return ": raise the limit of file sizes (ulimit -f), or write to another file system";
  const bool unknown = error_number == ENOSYS || error_number == ENOTSUP || error_number == EINVAL;
  if (unknown || (of_rename && (error_number == EPERM || error_number == EXDEV))) {
    return ": this file system cannot make files durable under their final name, as mounts of object stores cannot. "
           "Give a folder on a disk or a network volume, and copy what the run left to the bucket afterwards "
           "(aws s3 sync, gsutil rsync)";
  }
  return "";
}

[[noreturn]] void fail_output(const fs::path& path, const char* what, bool of_rename = false) {
  const int error_number = errno;
  fail(output_error_code(error_number), "{}: cannot {}: {}{}", path.string(), what, errno_text(error_number),
       remedy(error_number, of_rename));
}

const char* kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISFIFO(mode)) return "a FIFO";
  if (S_ISSOCK(mode)) return "a socket";
  return S_ISCHR(mode) || S_ISBLK(mode) ? "a device" : "no file of bytes";
}

// Without O_NONBLOCK the open of a FIFO waits for a writer, for ever. For regular files the flag means nothing.
FileDescriptor open_for_reading(const fs::path& path) {
  FileDescriptor file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  const int error_number = errno;
  struct stat status{};
  const bool known = file ? ::fstat(file.get(), &status) == 0 : ::stat(path.c_str(), &status) == 0;
  if (known && !S_ISREG(status.st_mode)) {
    fail(ExitCode::bad_input, "{}: is {}, a file was expected", path.string(), kind_of(status.st_mode));
  }
  if (!file) {
    const auto code = error_number == ENOENT || error_number == ENOTDIR ? ExitCode::missing_input : ExitCode::io;
    fail(code, "{}: cannot open: {}", path.string(), errno_text(error_number));
  }
  return file;
}

uint64_t size_of(const FileDescriptor& file, const fs::path& path) {
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) fail(ExitCode::io, "{}: {}", path.string(), errno_text(errno));
  return static_cast<uint64_t>(status.st_size);
}

// Up to bytes.size() bytes from the file's position; fewer only at its end.
size_t read_some(const FileDescriptor& file, const fs::path& path, std::span<std::byte> bytes) {
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n = ::read(file.get(), bytes.data() + done, bytes.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail(ExitCode::io, "{}: cannot read: {}", path.string(), errno_text(errno));
    if (n == 0) break;
    done += static_cast<size_t>(n);
  }
  return done;
}

void sync_folder(const fs::path& folder) {
  const FileDescriptor handle(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!handle) fail_output(folder, "open the folder");
  // Some network and FUSE file systems have no fsync of folders: these errors say so, and nothing better is to be had.
  // It is sound to go on: the file's own bytes are durable by then, and a name that a crash of the server took back is
  // a member without its marker, or one whose marker names a missing file: both are found and made again.
  if (::fsync(handle.get()) != 0 && errno != EINVAL && errno != ENOTSUP && errno != ENOSYS) {
    fail_output(folder, "fsync the folder");
  }
}

fs::path folder_of(const fs::path& path) { return path.has_parent_path() ? path.parent_path() : fs::path("."); }

// Marks a file just created as being written. False where a cleaner was faster and has unlinked it.
bool lock_new_file(const FileDescriptor& file) {
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) return errno != EWOULDBLOCK;  // no locks here: nobody cleans either
  struct stat status{};
  return ::fstat(file.get(), &status) != 0 || status.st_nlink > 0;
}

fs::path temporary_name(const fs::path& final_path) {
  static std::atomic<uint64_t> counter{0};
  return folder_of(final_path) /
         fmt::format(".{}.{}-{}{}", final_path.filename().string(), ::getpid(), counter++, temporary_suffix);
}

}  // namespace

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = other.release();
  }
  return *this;
}

FileDescriptor::~FileDescriptor() {
  if (fd_ >= 0) ::close(fd_);
}

int FileDescriptor::release() noexcept { return std::exchange(fd_, -1); }

PendingFile::PendingFile(fs::path final_path) : final_path_(std::move(final_path)) {
  make_folders(folder_of(final_path_));
  while (!file_) {
    temporary_path_ = temporary_name(final_path_);
    FileDescriptor file(::open(temporary_path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (!file && errno == EEXIST) continue;  // another host on a shared folder has the same process number
    if (!file) fail_output(final_path_, "create");
    if (lock_new_file(file)) file_ = std::move(file);
  }
}

PendingFile::~PendingFile() {
  if (file_) ::unlink(temporary_path_.c_str());
}

void PendingFile::write(std::span<const std::byte> bytes) {
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n = ::write(file_.get(), bytes.data() + done, bytes.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail_output(final_path_, "write");
    done += static_cast<size_t>(n);
  }
  size_ += bytes.size();
}

void PendingFile::rename_into_place() {
  if (::fsync(file_.get()) != 0) fail_output(final_path_, "fsync");
  if (::rename(temporary_path_.c_str(), final_path_.c_str()) != 0) fail_output(final_path_, "rename into place", true);
  file_ = FileDescriptor();
}

void PendingFile::publish() {
  rename_into_place();
  sync_folder(folder_of(final_path_));
}

void publish_together(std::span<PendingFile> files) {
  for (PendingFile& file : files) file.rename_into_place();
  if (!files.empty()) sync_folder(folder_of(files.front().final_path_));
}

void publish_written(const fs::path& written, const fs::path& final_path) {
  make_folders(folder_of(final_path));
  const FileDescriptor file = open_for_reading(written);
  if (::fsync(file.get()) != 0) fail_output(written, "fsync");
  if (::rename(written.c_str(), final_path.c_str()) != 0) fail_output(final_path, "rename into place", true);
  sync_folder(folder_of(final_path));
}

void publish_file(const fs::path& path, std::string_view bytes) {
  std::error_code error;
  const bool same_size = fs::is_regular_file(path, error) && fs::file_size(path, error) == bytes.size() && !error;
  if (same_size && read_file(path, bytes.size()) == bytes) return;
  PendingFile file(path);
  file.write(bytes);
  file.publish();
}

void check_publishing(const fs::path& folder) {
  const fs::path probe = temporary_name(folder / "probe");
  const auto publish = [&](std::string_view text) {
    PendingFile file(probe);
    file.write(text);
    file.publish();
  };
  // The name is that of a temporary file, so that it does not outlive a process that is killed here. Another process
  // that cleans up may take it for one at any moment: then once more.
  for (int tries = 0; tries < 10; ++tries) {
    publish("first");
    publish("second, over the first");
    std::error_code none;
    if (!fs::exists(probe, none)) continue;
    std::string there;
    try {
      there = read_file(probe, 100);
    } catch (const Error& error) {
      if (error.code() == ExitCode::missing_input) continue;
      throw;
    }
    ::unlink(probe.c_str());
    if (there == "second, over the first") return;
    break;
  }
  errno = ENOTSUP;
  fail_output(folder, "replace a file by a rename");
}

void make_folders(const fs::path& folder) {
  std::error_code ignored;
  if (folder.empty() || fs::is_directory(folder, ignored)) return;
  make_folders(folder.parent_path());
  if (::mkdir(folder.c_str(), 0777) != 0 && errno != EEXIST) fail_output(folder, "create the folder");
  if (!fs::is_directory(folder, ignored)) {
    fail(ExitCode::cannot_create, "{}: is in the way, a folder was expected", folder.string());
  }
  sync_folder(folder_of(folder));
}

// `.<name>.<process>-<count>.tmp`: a hidden file of the user's that merely ends in .tmp is not ours to remove.
bool is_temporary_name(std::string_view filename) {
  if (filename.empty() || filename.front() != '.' || !filename.ends_with(temporary_suffix)) return false;
  filename.remove_suffix(temporary_suffix.size());
  const auto take_digits = [&] {
    const size_t before = filename.size();
    while (!filename.empty() && std::isdigit(static_cast<unsigned char>(filename.back()))) filename.remove_suffix(1);
    return filename.size() < before;
  };
  const auto take = [&](char c) {
    const bool there = filename.ends_with(c);
    if (there) filename.remove_suffix(1);
    return there;
  };
  return take_digits() && take('-') && take_digits() && take('.') && filename.size() > 1;
}

void for_each_entry(const fs::path& folder, const std::function<void(std::string_view name, bool is_folder)>& use) {
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::opendir(folder.c_str()), &::closedir);
  if (!entries) {
    if (errno == ENOENT || errno == ENOTDIR) return;
    fail(ExitCode::io, "{}: cannot list the folder: {}", folder.string(), errno_text(errno));
  }
  for (errno = 0; const dirent* entry = ::readdir(entries.get()); errno = 0) {
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    bool is_folder = entry->d_type == DT_DIR;
    if (entry->d_type == DT_UNKNOWN) {  // some network file systems do not say
      struct stat status{};
      is_folder = ::fstatat(::dirfd(entries.get()), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
                  S_ISDIR(status.st_mode);
    }
    use(name, is_folder);
  }
  if (errno != 0) fail(ExitCode::io, "{}: cannot list the folder: {}", folder.string(), errno_text(errno));
}

int remove_stale_temporaries(const fs::path& folder) {
  int removed = 0;
  std::vector<fs::path> folders{folder};
  while (!folders.empty()) {
    const fs::path at = std::move(folders.back());
    folders.pop_back();
    std::vector<fs::path> temporaries;
    for_each_entry(at, [&](std::string_view name, bool is_folder) {
      if (is_folder) folders.push_back(at / name);
      if (!is_folder && is_temporary_name(name)) temporaries.push_back(at / name);
    });
    for (const fs::path& path : temporaries) {
      const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC));
      if (!file || ::flock(file.get(), LOCK_EX | LOCK_NB) != 0) continue;  // its writer lives
      if (::unlink(path.c_str()) == 0) ++removed;
    }
  }
  return removed;
}

std::string read_file(const fs::path& path, uint64_t limit) {
  const FileDescriptor file = open_for_reading(path);
  const uint64_t size = size_of(file, path);
  if (size > limit) {
    fail(ExitCode::bad_input, "{}: {} bytes, at most {} were expected", path.string(), size, limit);
  }
  std::string text(size, '\0');
  text.resize(read_some(file, path, std::as_writable_bytes(std::span(text))));
  return text;
}

void check_regular_file(const fs::path& path) { open_for_reading(path); }

void for_each_piece(const fs::path& path, const std::function<void(std::span<const std::byte>)>& use) {
  const FileDescriptor file = open_for_reading(path);
  std::vector<std::byte> piece(size_t{4} << 20);
  while (const size_t size = read_some(file, path, piece)) use(std::span(piece).first(size));
}

MappedFile::MappedFile(const fs::path& path) : path_(path) {
  const FileDescriptor file = open_for_reading(path);
  size_ = size_of(file, path);
  if (size_ == 0) return;
  void* data = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, file.get(), 0);
  if (data == MAP_FAILED) fail(ExitCode::io, "{}: cannot map: {}", path.string(), errno_text(errno));
  data_ = static_cast<const std::byte*>(data);
  watch_ = MapWatch(bytes(), path_.c_str());
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : path_(std::move(other.path_)),
      data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      watch_(std::move(other.watch_)) {}

MappedFile::~MappedFile() {
  watch_ = MapWatch();
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

FileLock::FileLock(const fs::path& path, const std::function<void()>& waiting) {
  make_folders(folder_of(path));
  // No link is followed: the names of locks can be guessed.
  file_ = FileDescriptor(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666));
  if (!file_) fail_output(path, "create the lock");
  // A blocking flock is restarted after a signal and would never see the stop flag.
  for (bool told = false; ::flock(file_.get(), LOCK_EX | LOCK_NB) != 0;) {
    if (has_no_locks(errno)) {
      if (FileDescriptor lock = try_machine_lock(path)) {
        file_ = std::move(lock);
        return;
      }
    } else if (errno != EWOULDBLOCK && errno != EINTR) {
      fail_output(path, "lock");
    }
    if (!std::exchange(told, true) && waiting) waiting();
    stop_if_requested();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

}  // namespace hens
