// What a reader may see of a file that is being published, and who removes what a dead writer leaves.
#include "base/files.h"

#include <atomic>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <functional>
#include <map>
#include <thread>
#include <unistd.h>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/error.h"
#include "base/stop.h"
#include "support/test_data.h"

namespace hens {
namespace {

using test::TemporaryFolder;

ExitCode code_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.code();
  }
  return ExitCode::ok;
}

size_t files_in(const fs::path& folder) {
  return static_cast<size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

struct stat status_of(const fs::path& path) {
  struct stat status{};
  EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
  return status;
}

// Runs `body` in a process of its own and returns its wait status.
int in_child(const std::function<void()>& body) {
  const pid_t child = fork();
  if (child == 0) {
    body();
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return status;
}

TEST(PendingFile, IsNotThereBeforePublish) {
  const TemporaryFolder folder;
  PendingFile file(folder / "deep/er/name");
  file.write("half");
  EXPECT_FALSE(fs::exists(folder / "deep/er/name"));
  EXPECT_TRUE(fs::exists(file.temporary_path()));
  EXPECT_EQ(file.temporary_path().parent_path(), folder / "deep/er") << "a rename must not cross file systems";
  file.write(" and half");
  file.publish();
  EXPECT_EQ(read_file(folder / "deep/er/name"), "half and half");
  EXPECT_EQ(file.size(), 13u);
  EXPECT_EQ(files_in(folder / "deep/er"), 1u);
}

TEST(PendingFile, DroppedLeavesTheOldContentAndNothingElse) {
  const TemporaryFolder folder;
  publish_file(folder / "name", "old");
  {
    PendingFile file(folder / "name");
    file.write("new");
    PendingFile moved(std::move(file));
    moved.write("er");
  }
  EXPECT_EQ(read_file(folder / "name"), "old");
  EXPECT_EQ(files_in(folder.path()), 1u);
}

TEST(PendingFile, ReadersSeeOldOrNewNeverAPart) {
  const TemporaryFolder folder;
  const fs::path path = folder / "name";
  const std::string old_text(200000, 'o'), new_text(300000, 'n');
  publish_file(path, old_text);
  std::atomic<bool> done{false};
  std::jthread writer([&] {
    for (int i = 0; i < 40; ++i) {
      PendingFile file(path);
      const std::string& text = i % 2 == 0 ? new_text : old_text;
      for (size_t at = 0; at < text.size(); at += 10000) file.write(std::string_view(text).substr(at, 10000));
      file.publish();
    }
    done = true;
  });
  int reads = 0;
  while (!done || reads == 0) {
    const std::string text = read_file(path);
    ASSERT_TRUE(text == old_text || text == new_text) << text.size() << " bytes";
    ++reads;
  }
}

TEST(PendingFile, FullDiskIsAnErrorThatNamesTheFile) {
  const TemporaryFolder folder;
  const int status = in_child([&] {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{1000, 1000};
    setrlimit(RLIMIT_FSIZE, &limit);
    try {
      PendingFile file(folder / "name");
      file.write(std::string(2000, 'x'));
      file.publish();
    } catch (const Error& error) {
      const bool named = std::string(error.what()).find((folder / "name").string()) != std::string::npos;
      _exit(named ? static_cast<int>(error.code()) : 1);
    }
  });
  EXPECT_EQ(WEXITSTATUS(status), static_cast<int>(ExitCode::io));
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(PendingFile, CannotBeCreatedBelowAFile) {
  const TemporaryFolder folder;
  publish_file(folder / "file", "x");
  EXPECT_EQ(code_of([&] { PendingFile(folder / "file/name"); }), ExitCode::cannot_create);
}

TEST(Temporaries, OfADeadWriterAreRemovedOfALivingKept) {
  const TemporaryFolder folder;
  in_child([&] {
    PendingFile file(folder / "sub/dead");
    file.write("lost");
    ::raise(SIGKILL);
  });
  PendingFile living(folder / "living");
  living.write("safe");
  publish_file(folder / "done", "done");
  publish_file(folder / ".notes.tmp", "a user's own");
  ASSERT_EQ(files_in(folder / "sub"), 1u) << "the killed writer leaves its temporary file";

  EXPECT_EQ(remove_stale_temporaries(folder.path()), 1);
  EXPECT_EQ(files_in(folder / "sub"), 0u);
  living.publish();
  EXPECT_EQ(read_file(folder / "living"), "safe");
  EXPECT_TRUE(fs::exists(folder / "done"));
  EXPECT_TRUE(fs::exists(folder / ".notes.tmp"));
  EXPECT_EQ(remove_stale_temporaries(folder / "none"), 0);
}

TEST(Temporaries, AreKnownByTheirNames) {
  const TemporaryFolder folder;
  EXPECT_TRUE(is_temporary_name(PendingFile(folder / "a.b").temporary_path().filename().string()));
  EXPECT_TRUE(is_temporary_name(".name.123-0.tmp"));
  for (const char* name : {"", ".tmp", "name", "name.tmp", ".name.tmp", ".123-0.tmp", "name.123-0.tmp", ".name.-0.tmp",
                           ".name.1-.tmp", ".name.12.tmp", ".name.1-0.tmp.txt"}) {
    EXPECT_FALSE(is_temporary_name(name)) << name;
  }
}

TEST(PublishTogether, GivesAllOfThemTheirNames) {
  const TemporaryFolder folder;
  publish_file(folder / "b", "old");
  std::vector<PendingFile> files;
  for (const char* name : {"a", "b", "c"}) files.emplace_back(folder / name).write(std::string_view(name));
  EXPECT_EQ(read_file(folder / "b"), "old");
  publish_together(files);
  files.clear();
  for (const std::string name : {"a", "b", "c"}) EXPECT_EQ(read_file(folder / name), name);
  EXPECT_EQ(files_in(folder.path()), 3U) << "no temporary file stays";
  publish_together({});
}

TEST(PublishFile, LeavesAnIdenticalFileUntouched) {
  const TemporaryFolder folder;
  publish_file(folder / "name", "text");
  const auto before = status_of(folder / "name").st_ino;
  publish_file(folder / "name", "text");
  EXPECT_EQ(status_of(folder / "name").st_ino, before);
  publish_file(folder / "name", "next");
  EXPECT_EQ(read_file(folder / "name"), "next");
  EXPECT_NE(status_of(folder / "name").st_ino, before);
}

TEST(PublishWritten, MovesAFileToItsName) {
  const TemporaryFolder folder;
  publish_file(folder / "here", "text");
  publish_file(folder / "sub/there", "old");
  publish_written(folder / "here", folder / "sub/there");
  EXPECT_EQ(read_file(folder / "sub/there"), "text");
  EXPECT_FALSE(fs::exists(folder / "here"));
  EXPECT_EQ(code_of([&] { publish_written(folder / "here", folder / "x"); }), ExitCode::missing_input);
}

TEST(MakeFolders, IsIdempotentAndNamesWhatIsInTheWay) {
  const TemporaryFolder folder;
  make_folders(folder / "a/b/c");
  make_folders(folder / "a/b/c/");
  EXPECT_TRUE(fs::is_directory(folder / "a/b/c"));
  publish_file(folder / "file", "x");
  EXPECT_EQ(code_of([&] { make_folders(folder / "file"); }), ExitCode::cannot_create);
  EXPECT_EQ(code_of([&] { make_folders(folder / "file/sub"); }), ExitCode::cannot_create);
}

TEST(ReadFile, KeepsItsLimitAndNamesWhatIsMissing) {
  const TemporaryFolder folder;
  publish_file(folder / "ten", "0123456789");
  EXPECT_EQ(read_file(folder / "ten", 10), "0123456789");
  EXPECT_EQ(code_of([&] { read_file(folder / "ten", 9); }), ExitCode::bad_input);
  EXPECT_EQ(code_of([&] { read_file(folder / "none"); }), ExitCode::missing_input);
  EXPECT_EQ(code_of([&] { read_file(folder / "ten/none"); }), ExitCode::missing_input);
  EXPECT_EQ(code_of([&] { read_file(folder.path()); }), ExitCode::bad_input) << "a folder is no file";
  publish_file(folder / "empty", "");
  EXPECT_EQ(read_file(folder / "empty"), "");
}

TEST(ForEachPiece, PiecesInOrderMakeTheFile) {
  const TemporaryFolder folder;
  std::string text;
  for (int i = 0; text.size() < (size_t{9} << 20); ++i) text += std::to_string(i);
  publish_file(folder / "big", text);
  std::string together;
  int pieces = 0;
  for_each_piece(folder / "big", [&](std::span<const std::byte> piece) {
    together.append(reinterpret_cast<const char*>(piece.data()), piece.size());
    ++pieces;
  });
  EXPECT_TRUE(together == text);
  EXPECT_EQ(pieces, 3);
}

TEST(MappedFile, ShowsTheFilesBytes) {
  const TemporaryFolder folder;
  publish_file(folder / "name", "mapped");
  MappedFile first(folder / "name");
  const MappedFile file(std::move(first));
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()), "mapped");
  EXPECT_TRUE(first.bytes().empty());
  publish_file(folder / "empty", "");
  EXPECT_TRUE(MappedFile(folder / "empty").bytes().empty());
  EXPECT_EQ(code_of([&] { MappedFile(folder / "none"); }), ExitCode::missing_input);
}

TEST(FileLock, Excludes) {
  const TemporaryFolder folder;
  int inside = 0, most = 0, turns = 0;
  std::mutex mutex;
  const auto work = [&] {
    for (int i = 0; i < 3; ++i) {
      const FileLock lock(folder / "sub/lock");
      {
        const std::lock_guard guard(mutex);
        most = std::max(most, ++inside);
        ++turns;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      const std::lock_guard guard(mutex);
      --inside;
    }
  };
  {
    const std::jthread first(work), second(work), third(work);
  }
  EXPECT_EQ(most, 1);
  EXPECT_EQ(turns, 9);
}

TEST(FileLock, OfADeadProcessIsFree) {
  const TemporaryFolder folder;
  in_child([&] {
    const FileLock lock(folder / "lock");
    ::raise(SIGKILL);
  });
  const FileLock lock(folder / "lock");
  // Held here: another process waits until it is told to stop.
  const int status = in_child([&] {
    request_stop();
    _exit(static_cast<int>(code_of([&] { FileLock(folder / "lock"); })));
  });
  EXPECT_EQ(WEXITSTATUS(status), static_cast<int>(ExitCode::interrupted));
}

// The open of a FIFO waits for a writer: hens stood still for ever.
TEST(Files, AFifoOrDeviceWhereAFileShouldBeIsNamedAndNotWaitedFor) {
  const test::TemporaryFolder folder;
  const fs::path fifo = folder / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  for (const fs::path& path : {fifo, fs::path("/dev/zero"), folder.path()}) {
    EXPECT_EQ(code_of([&] { read_file(path); }), ExitCode::bad_input) << path;
    EXPECT_EQ(code_of([&] { MappedFile map(path); }), ExitCode::bad_input) << path;
    EXPECT_EQ(code_of([&] { check_regular_file(path); }), ExitCode::bad_input) << path;
  }
  EXPECT_EQ(code_of([&] { check_regular_file(folder / "none"); }), ExitCode::missing_input);
  publish_file(fifo, "over it");
  EXPECT_EQ(read_file(fifo), "over it");
}

TEST(Files, EntriesOfAFolderAreListedOnce) {
  const test::TemporaryFolder folder;
  for_each_entry(folder / "none", [](std::string_view name, bool) { FAIL() << name; });
  publish_file(folder / "a/b", "x");
  publish_file(folder / "c", "x");
  fs::create_directory_symlink(folder / "a", folder / "link");
  std::map<std::string, bool> found;
  for_each_entry(folder.path(), [&](std::string_view name, bool is_folder) {
    EXPECT_TRUE(found.emplace(name, is_folder).second) << name;
  });
  EXPECT_EQ(found, (std::map<std::string, bool>{{"a", true}, {"c", false}, {"link", false}}));
}

TEST(Files, PublishingIsTriedAndLeavesNothing) {
  const test::TemporaryFolder folder;
  check_publishing(folder.path());
  EXPECT_TRUE(fs::is_empty(folder.path()));
  EXPECT_THROW(check_publishing("/proc/self"), Error);
}

// A file that shrank while it was mapped killed the process with SIGBUS, without a word.
TEST(MappedFileDeathTest, AFileThatShrinksIsNamed) {
  const test::TemporaryFolder folder;
  const fs::path path = folder / "checkpoint";
  publish_file(path, std::string(size_t{1} << 20, 'x'));
  const auto read_all = [&] {
    const MappedFile map(path);
    fs::resize_file(path, 100);
    size_t sum = 0;
    std::thread([&] {  // any thread may be the one that faults
      for (const std::byte byte : map.bytes()) sum += static_cast<size_t>(byte);
    })
        .join();
    std::exit(static_cast<int>(sum % 2));
  };
  EXPECT_EXIT(read_all(), testing::ExitedWithCode(65), "checkpoint: shrank");
}

// The process died of SIGXFSZ, 153.
TEST(FilesDeathTest, AWriteBeyondTheLimitOfFileSizesIsAnErrorWithItsRemedy) {
  const test::TemporaryFolder folder;
  const auto write = [&] {
    end_on_stop_signals();
    const rlimit limit{1000, 1000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    try {
      publish_file(folder / "large", std::string(10'000, 'x'));
    } catch (const Error& error) {
      fmt::print(stderr, "{}\n", error.what());
      std::exit(static_cast<int>(error.code()));
    }
    std::exit(1);
  };
  EXPECT_EXIT(write(), testing::ExitedWithCode(74), "large: cannot write: File too large: raise the limit");
}

}  // namespace
}  // namespace hens
