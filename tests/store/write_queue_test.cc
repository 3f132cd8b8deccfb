#include "store/write_queue.h"

#include <atomic>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "base/error.h"
#include "support/test_data.h"
#include "support/toy_store.h"

namespace hens {
namespace {

using test::toy_field;
using test::toy_layout;

// Appends the fields of all members of time 0 in an order that `seed` draws, keeping that of each variable's leads.
void write_interleaved(Store& store, int writers, int capacity, unsigned seed) {
  const StoreLayout& layout = store.layout();
  struct Stream {
    int member, variable, lead = 0;
  };
  std::vector<Stream> streams;
  WriteQueue queue(writers, capacity);
  std::vector<std::shared_ptr<WriteQueue::Ticket>> tickets;
  for (int member = 0; member < layout.members; ++member) {
    tickets.push_back(queue.open(store.member(0, member)));
    for (int v = 0; v < static_cast<int>(layout.variables.size()); ++v) streams.push_back({member, v});
  }
  std::mt19937 random(seed);
  while (!streams.empty()) {
    const size_t k = random() % streams.size();
    Stream& s = streams[k];
    queue.append(tickets[s.member], s.variable, s.lead, toy_field(layout, s.variable, 0, s.member, s.lead));
    if (++s.lead == static_cast<int>(layout.leads.size())) streams.erase(streams.begin() + static_cast<long>(k));
  }
  for (const auto& ticket : tickets) queue.finish(ticket, [](auto) {});
  queue.drain();
}

TEST(WriteQueue, WritesTheSameBytesWithAnyWritersAndInterleaving) {
  StoreLayout layout = toy_layout(StoreFormat::zarr, Compression::lz4);
  layout.members = 3;
  const test::TemporaryFolder folder;
  const auto plain = open_store(folder / "plain", layout);
  for (int member = 0; member < layout.members; ++member) test::write_member(*plain, 0, member);
  const auto expected = test::contents(folder / "plain");
  ASSERT_EQ(expected.size(), 6U);
  for (const int writers : {1, 2, 5}) {
    for (const int capacity : {1, 3, 64}) {
      const std::string name = fmt::format("w{}c{}", writers, capacity);
      write_interleaved(*open_store(folder / name, layout), writers, capacity,
                        static_cast<unsigned>(writers + capacity));
      EXPECT_EQ(test::contents(folder / name), expected) << name;
    }
  }
}

TEST(WriteQueue, CallsDoneOnceAMemberWithItsFilesInPlace) {
  const test::TemporaryFolder folder;
  const auto store = open_store(folder / "s", toy_layout());
  WriteQueue queue(2, 4);
  std::mutex mutex;
  std::multiset<std::string> files;
  for (int member = 0; member < 2; ++member) {
    const auto ticket = queue.open(store->member(0, member));
    for (int lead = 0; lead < 3; ++lead) {
      for (int v = 0; v < 2; ++v) queue.append(ticket, v, lead, toy_field(store->layout(), v, 0, member, lead));
    }
    queue.finish(ticket, [&](const std::vector<StoredFile>& stored) {
      const std::lock_guard guard(mutex);
      for (const StoredFile& file : stored) {
        EXPECT_TRUE(fs::exists(folder / "s" / file.path));
        files.insert(file.path);
      }
    });
  }
  queue.drain();
  EXPECT_EQ(files, (std::multiset<std::string>{"u10m/c.0.0.0.0.0", "u10m/c.1.0.0.0.0", "z500/c.0.0.0.0.0",
                                               "z500/c.1.0.0.0.0"}));
  EXPECT_EQ(queue.rate().bytes, 2U * 2 * 3 * 12 * sizeof(float));
}

// Says what it was called with; waits or fails where told.
class ScriptedWriter : public MemberWriter {
 public:
  struct Script {
    std::atomic<bool> hold{false};
    std::atomic<int> fail_at{-1}, appended{0}, inside{0}, most_inside{0}, destroyed{0};
    bool one_lane = true;
  };
  explicit ScriptedWriter(Script& script) : script_(script) {}
  ~ScriptedWriter() override { ++script_.destroyed; }
  int lane(int variable) const override { return script_.one_lane ? 0 : variable; }
  void append(int, int, std::span<const float>) override {
    const int inside = ++script_.inside;
    for (int most = script_.most_inside; most < inside && !script_.most_inside.compare_exchange_weak(most, inside);) {
    }
    while (script_.hold) std::this_thread::yield();
    --script_.inside;
    if (script_.appended++ == script_.fail_at) fail(ExitCode::io, "no space");
  }
  std::vector<StoredFile> finish() override { return {}; }

 private:
  Script& script_;
};

const std::vector<float> field(4);

TEST(WriteQueue, BlocksWhenFull) {
  ScriptedWriter::Script script;
  script.hold = true;
  WriteQueue queue(1, 2);
  const auto ticket = queue.open(std::make_unique<ScriptedWriter>(script));
  queue.append(ticket, 0, 0, field);
  queue.append(ticket, 0, 1, field);
  std::atomic<bool> third{false};
  std::thread producer([&] {
    queue.append(ticket, 0, 2, field);
    third = true;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_FALSE(third) << "two fields are the most it holds";
  script.hold = false;
  producer.join();
  queue.drain();
  EXPECT_EQ(script.appended, 3);
  EXPECT_GT(queue.rate().seconds_blocked, 0.02);
}

// Holds writers inside append() until `wanted` are there at once, or half a second is over; says how many were.
int most_at_once(bool one_lane) {
  ScriptedWriter::Script script;
  script.one_lane = one_lane;
  script.hold = true;
  WriteQueue queue(3, 8);
  const auto ticket = queue.open(std::make_unique<ScriptedWriter>(script));
  for (int v = 0; v < 3; ++v) queue.append(ticket, v, 0, field);
  for (int k = 0; k < (one_lane ? 50 : 5000) && script.inside < 3; ++k) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  script.hold = false;
  queue.drain();
  return script.most_inside;
}

TEST(WriteQueue, WritesLanesOfOneMemberAtTheSameTime) { EXPECT_EQ(most_at_once(false), 3); }

TEST(WriteQueue, WritesOneLaneByOneThreadAtATime) { EXPECT_EQ(most_at_once(true), 1); }

TEST(WriteQueue, ThrowsAWritersErrorAtTheNextCallAndAtTheEnd) {
  ScriptedWriter::Script bad, good;
  bad.fail_at = 1;
  WriteQueue queue(2, 8);
  const auto broken = queue.open(std::make_unique<ScriptedWriter>(bad));
  const auto sound = queue.open(std::make_unique<ScriptedWriter>(good));
  const auto append_until_error = [&] {
    for (int k = 0; k < 100000; ++k) {
      queue.append(broken, 0, k, field);
      std::this_thread::yield();
    }
  };
  EXPECT_THROW(append_until_error(), Error);
  bool finished = false;
  EXPECT_THROW(queue.finish(broken, [&](auto) { finished = true; }), Error);
  queue.append(sound, 0, 0, field);
  bool sound_finished = false;
  queue.finish(sound, [&](auto) { sound_finished = true; });
  EXPECT_THROW(queue.drain(), Error);
  EXPECT_FALSE(finished);
  EXPECT_TRUE(sound_finished) << "one member's error is not another's";
  EXPECT_EQ(bad.appended, 2) << "nothing is written after the error";
  EXPECT_NO_THROW(queue.drain()) << "the error was delivered";
}

TEST(WriteQueue, AnErrorOfDoneIsThrownByDrain) {
  ScriptedWriter::Script script;
  WriteQueue queue(1, 2);
  const auto ticket = queue.open(std::make_unique<ScriptedWriter>(script));
  queue.finish(ticket, [](auto) { fail(ExitCode::io, "the marker cannot be published"); });
  EXPECT_THROW(queue.drain(), Error);
}

TEST(WriteQueue, GivesUpAMemberWithItsTicket) {
  const test::TemporaryFolder folder;
  const auto store = open_store(folder / "s", toy_layout());
  WriteQueue queue(1, 8);
  auto ticket = queue.open(store->member(0, 0));
  queue.append(ticket, 0, 0, toy_field(store->layout(), 0, 0, 0, 0));
  queue.drain();
  EXPECT_EQ(test::contents(folder.path()).size(), 1U) << "its temporary file";
  ticket.reset();
  EXPECT_TRUE(test::contents(folder.path()).empty());
}

TEST(WriteQueue, MayHoldMoreFilesThanTheUsualLimit) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  if (before.rlim_max < 200) GTEST_SKIP() << "the hard limit of open files is " << before.rlim_max;
  const rlimit low{64, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
  StoreLayout layout = toy_layout();
  layout.members = 50;
  const test::TemporaryFolder folder;
  const auto store = open_store(folder / "s", layout);
  {
    WriteQueue queue(2, 8);
    std::vector<std::shared_ptr<WriteQueue::Ticket>> tickets;
    for (int member = 0; member < layout.members; ++member) {
      tickets.push_back(queue.open(store->member(0, member)));
      for (int v = 0; v < 2; ++v) queue.append(tickets.back(), v, 0, toy_field(layout, v, 0, member, 0));
    }
    EXPECT_NO_THROW(queue.drain());
  }
  ::setrlimit(RLIMIT_NOFILE, &before);
}

TEST(WriteQueue, DropsWhatIsNotFinishedWhenItEnds) {
  ScriptedWriter::Script script;
  {
    WriteQueue queue(1, 8);
    for (int k = 0; k < 3; ++k) queue.append(queue.open(std::make_unique<ScriptedWriter>(script)), 0, 0, field);
  }
  EXPECT_EQ(script.destroyed, 3);
}

}  // namespace
}  // namespace hens
