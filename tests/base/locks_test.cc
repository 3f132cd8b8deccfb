// Locks where the file system has some, and where it has none.
#include "base/locks.h"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <optional>
#include <thread>
#include <unistd.h>

#include <gmock/gmock.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/error.h"
#include "support/test_data.h"

namespace {
std::atomic<int> flock_error{0};  // what flock fails with; 0: it does not
}

// In the place of the C library's, for this program.
extern "C" int flock(int fd, int operation) noexcept {
  if (const int error = flock_error) {
    errno = error;
    return -1;
  }
  return static_cast<int>(::syscall(SYS_flock, fd, operation));
}

namespace hens {
namespace {

using test::TemporaryFolder;
using ::testing::HasSubstr;

// While it lives, flock fails as on such a file system.
struct WithoutLocks {
  explicit WithoutLocks(int error) { flock_error = error; }
  ~WithoutLocks() { flock_error = 0; }
};

TEST(Locks, KnowWhatAFileSystemWithoutLocksSays) {
  for (const int error : {ENOLCK, ENOSYS, EOPNOTSUPP}) EXPECT_TRUE(has_no_locks(error)) << error;
  for (const int error : {EWOULDBLOCK, EINTR, EBADF, EIO}) EXPECT_FALSE(has_no_locks(error)) << error;
}

TEST(FileLock, ExcludesThisMachinesProcessesWhereThereAreNoLocks) {
  for (const int error : {ENOLCK, ENOSYS, EOPNOTSUPP}) {
    const TemporaryFolder folder;
    const WithoutLocks without(error);
    std::atomic<bool> held{false}, waited{false};
    std::optional<FileLock> lock(folder / "lock");
    std::jthread other([&] {
      const FileLock second(folder / "lock", [&] { waited = true; });
      held = true;
    });
    while (!waited) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    EXPECT_FALSE(held);
    const FileLock elsewhere(folder / "another");
    lock.reset();
    other.join();
    EXPECT_TRUE(held);
  }
}

TEST(FileLock, OfADeadProcessIsFreeWhereThereAreNoLocks) {
  const TemporaryFolder folder;
  const WithoutLocks without(ENOLCK);
  const pid_t child = ::fork();
  if (child == 0) {
    const FileLock lock(folder / "lock");
    ::raise(SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  bool waited = false;
  const FileLock lock(folder / "lock", [&] { waited = true; });
  EXPECT_FALSE(waited);
}

TEST(FileLock, OtherErrorsAreNamed) {
  const TemporaryFolder folder;
  const WithoutLocks without(EIO);
  try {
    const FileLock lock(folder / "lock");
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("lock: cannot lock: Input/output error"));
  }
}

TEST(InputLock, KeepsOutOfAFileThatIsBeingWritten) {
  const TemporaryFolder folder;
  publish_file(folder / "file", "bytes");
  const FileDescriptor writer(::open((folder / "file").c_str(), O_RDWR));
  EXPECT_NO_THROW(InputLock(folder / "file", "file"));
  ASSERT_EQ(::flock(writer.get(), LOCK_EX), 0);
  try {
    InputLock(folder / "file", "file.nc");
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::bad_input);
    EXPECT_THAT(error.what(), HasSubstr("file.nc: another program is writing it"));
  }
  for (const int error : {ENOLCK, ENOSYS, EOPNOTSUPP}) {
    const WithoutLocks without(error);
    EXPECT_NO_THROW(InputLock(folder / "file", "file")) << error;
  }
  EXPECT_NO_THROW(InputLock(folder / "none", "file")) << "whoever opens it says that it is not there";
}

}  // namespace
}  // namespace hens
