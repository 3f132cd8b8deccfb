// The pickle machine: it builds data, runs nothing, and stops at whatever is too large, too deep or unknown.
#include "package/pickle_reader.h"

#include <unistd.h>

#include <sys/resource.h>
#include <sys/wait.h>

#include "support/package_support.h"

namespace hens::test {
namespace {

using ::testing::HasSubstr;
using Kind = PickleValue::Kind;
using namespace std::string_literals;

const std::string head = "\x80\x02"s;

std::span<const std::byte> as_bytes(const std::string& text) { return std::as_bytes(std::span(text)); }

// A pickle with the bytes that its views point into.
struct Bytes {
  std::string bytes;
};
struct Read : Bytes, Pickle {
  explicit Read(std::string given) : Bytes{std::move(given)}, Pickle("p", as_bytes(bytes)) {}
  Read(const Read&) = delete;
  Read& operator=(const Read&) = delete;
};
Read read(std::string bytes) { return Read(std::move(bytes)); }
std::string error(const std::string& bytes) {
  return error_of([&] { read(bytes); });
}
std::string text(const std::string& t) { return "X" + little_endian(static_cast<uint32_t>(t.size())) + t; }

TEST(PickleReader, BuildsPlainData) {
  // pickle.dumps({'a': (1, -2, 2.5, None), 'b': [True, 'x']}, protocol=2), without its memo
  const std::string bytes = head + "}(" + text("a") + "(K\x01J\xfe\xff\xff\xffG\x40\x04\x00\x00\x00\x00\x00\x00Nt"s +
                            text("b") + "](\x88"s + text("x") + "eu.";
  const Read pickle = read(bytes + "what follows");
  EXPECT_EQ(pickle.size(), bytes.size());
  ASSERT_EQ(pickle.result().kind, Kind::dict);
  const auto& a = pickle.items(*pickle.find(pickle.result(), "a"));
  ASSERT_EQ(a.size(), 4u);
  EXPECT_EQ(a[0].integer, 1);
  EXPECT_EQ(a[1].integer, -2);
  EXPECT_EQ(a[2].real, 2.5);
  EXPECT_EQ(a[3].kind, Kind::none);
  const auto& b = pickle.items(*pickle.find(pickle.result(), "b"));
  EXPECT_EQ(b[0].kind, Kind::boolean);
  EXPECT_EQ(pickle.text(b[1]), "x");
  EXPECT_FALSE(pickle.find(pickle.result(), "c"));
}

TEST(PickleReader, ReadsProtocolFour) {
  // pickle.dumps([1 << 40, 'é', 'é', b'raw'], protocol=4)
  const std::string bytes =
      "\x80\x04\x95\x1a\x00\x00\x00\x00\x00\x00\x00]\x94(\x8a\x06\x00\x00\x00\x00\x00\x01\x8c\x02\xc3\xa9\x94h\x01"
      "C\x03raw\x94"
      "e."s;
  const Read pickle = read(bytes);
  const auto& items = pickle.items(pickle.result());
  ASSERT_EQ(items.size(), 4u);
  EXPECT_EQ(items[0].integer, int64_t{1} << 40);
  EXPECT_EQ(pickle.text(items[2]), "\xc3\xa9");
  EXPECT_EQ(pickle.text(items[3]), "raw");
}

TEST(PickleReader, ReadsLongIntegersOfEverySize) {
  EXPECT_EQ(read(head + "\x8a\x00."s).result().integer, 0);
  EXPECT_EQ(read(head + "\x8a\x01\x80."s).result().integer, -128);
  EXPECT_EQ(read(head + "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f."s).result().integer, INT64_MAX);
  EXPECT_EQ(read(head + "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."s).result().kind, Kind::big_integer);
}

TEST(PickleReader, RunsNothing) {
  TemporaryFolder folder;
  const std::string mark = (folder / "executed").string();
  for (const std::string callable : {"cos\nsystem\n", "cposix\nsystem\n", "c__builtin__\nexec\n"}) {
    const Read pickle =
        read(head + "}(" + text("evil") + callable + text("touch " + mark) + "\x85R" + text("good") + "K\x07u.");
    EXPECT_EQ(pickle.find(pickle.result(), "evil")->kind, Kind::inert);
    EXPECT_EQ(pickle.find(pickle.result(), "good")->integer, 7);  // and what lies behind it is read
  }
  // By STACK_GLOBAL, NEWOBJ with state, a class's __setstate__, and appended items.
  const std::string made = "\x80\x04" + text("os") + text("system") + "\x93" + text("touch " + mark) + "\x85\x81}" +
                           text("a") +
                           "K\x01sb(K\x02"
                           "e.";
  EXPECT_EQ(read(made).result().kind, Kind::inert);
  EXPECT_FALSE(fs::exists(mark));
}

TEST(PickleReader, KnowsAGlobalOnlyByItsWholeName) {
  for (const std::string name :
       {"cevil\nFloatStorage\n", "ctorch\nos.FloatStorage\n", "ctorch.os\nsystem\n", "ccollections\ndeque\n"}) {
    EXPECT_EQ(read(head + name + ".").result().kind, Kind::inert) << name;
  }
  EXPECT_EQ(read(head + "ctorch\nFloatStorage\n.").result().kind, Kind::known);
  EXPECT_EQ(read(head + "ccollections\nOrderedDict\n)R.").result().kind, Kind::dict);
}

std::string storage(const std::string& type = "FloatStorage") {
  return "(" + text("storage") + "ctorch\n" + type + "\n" + text("0") + text("cpu") + "K\x06tQ";
}
std::string tensor(const std::string& shape = "K\x02K\x03\x86", const std::string& stride = "K\x03K\x01\x86") {
  return "ctorch._utils\n_rebuild_tensor_v2\n(" + storage() + "K\x00"s + shape + stride + "\x89" +
         "ccollections\nOrderedDict\n)RtR";
}

TEST(PickleReader, DescribesTensors) {
  const Read pickle = read(head + tensor() + ".");
  ASSERT_EQ(pickle.result().kind, Kind::tensor);
  const PickledTensor& made = pickle.tensor(pickle.result());
  EXPECT_EQ(made.storage.type.name, "FloatStorage");
  EXPECT_EQ(made.storage.key, "0");
  EXPECT_EQ(made.storage.elements, 6u);
  EXPECT_THAT(made.shape, ::testing::ElementsAre(2, 3));
  EXPECT_THAT(made.stride, ::testing::ElementsAre(3, 1));
}

TEST(PickleReader, SeesThroughParametersAndTypes) {
  const std::string parameter = "ctorch._utils\n_rebuild_parameter\n(" + tensor() + "\x88}tR";
  EXPECT_EQ(read(head + parameter + ".").result().kind, Kind::tensor);
  const std::string arguments = "(" + storage() + "K\x00K\x02K\x03\x86K\x03K\x01\x86\x89}t"s;
  const std::string typed =
      "ctorch._tensor\n_rebuild_from_type_v2\n(ctorch._utils\n_rebuild_tensor_v2\nctorch\nTensor\n" + arguments + "}" +
      text("sharded_dims_mp") + "](NNNestR";
  EXPECT_EQ(read(head + typed + ".").result().kind, Kind::tensor);
  // A function that is not known makes nothing, whatever its arguments.
  std::string other = typed;
  other.replace(other.find("_rebuild_tensor_v2"), 18, "_rebuild_tensor_v9");
  EXPECT_EQ(read(head + other + ".").result().kind, Kind::inert);
}

TEST(PickleReader, NamesTheOffsetOfDamage) {
  EXPECT_THAT(error(head + "}(K\x01u."), HasSubstr("byte 6: a key without a value"));
  EXPECT_THAT(error(head + "X\xff\xff\xff\xff"
                           "abc."),
              HasSubstr("byte 2: 4294967295 bytes needed, 4 are left"));
  EXPECT_THAT(error("\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\xff"
                    "abc."),
              HasSubstr("18446744073709551615 bytes needed"));
  EXPECT_THAT(error(head), HasSubstr("byte 2"));
  EXPECT_THAT(error(""), HasSubstr("bytes needed"));
  EXPECT_THAT(error("]."), HasSubstr("no pickle of protocol 2"));
  EXPECT_THAT(error("\x80\x09."), HasSubstr("protocol 9"));
  EXPECT_THAT(error(head + "."), HasSubstr("nothing on the stack"));
  EXPECT_THAT(error(head + "K\x01(0"
                           "0"
                           "0."),
              HasSubstr("nothing on the stack"));
  EXPECT_THAT(error(head + "t."), HasSubstr("no mark"));
  EXPECT_THAT(error(head + "h\x05."), HasSubstr("nothing was remembered as 5"));
  EXPECT_THAT(error(head + "\x82\x01."), HasSubstr("opcode 0x82"));  // EXT1: a registry of callables
  EXPECT_THAT(error(head + "P0\n."), HasSubstr("opcode 0x50"));
  EXPECT_THAT(error(head + "cos\nsystem"), HasSubstr("bytes needed"));
  EXPECT_THAT(error(head + "K\x01"
                           "a."),
              HasSubstr("nothing on the stack"));
  EXPECT_THAT(error(head + "K\x01K\x02"
                           "a."),
              HasSubstr("what is no list"));
  EXPECT_THAT(error(head + "K\x01K\x02K\x03s."), HasSubstr("what is no dict"));
  EXPECT_THAT(error_of([&] { Pickle("p", as_bytes(head + "t."), 1000); }), HasSubstr("byte 1002"));
}

TEST(PickleReader, RefusesTensorsThatCannotBe) {
  EXPECT_THAT(error(head + tensor("K\x02\x85") + "."), HasSubstr("1 sizes and 2 strides"));
  EXPECT_THAT(error(head + tensor("J\xff\xff\xff\xffK\x03\x86") + "."), HasSubstr("size is no whole number"));
  EXPECT_THAT(error(head + tensor("(" + std::string(60, 'N') + "t") + "."), HasSubstr("size is no short tuple"));
  EXPECT_THAT(error(head + storage("EvilStorage") + "."), HasSubstr("storage 0 has an unknown type"));
}

TEST(PickleReader, DepthAndSharingCostNothing) {
  // 50,000 lists in one another: no recursion, at reading or at destruction.
  EXPECT_EQ(read(head + std::string(50'000, ']') + std::string(49'999, 'a') + ".").result().kind, Kind::list);
  // A list that holds itself.
  EXPECT_EQ(read(head + "]q\x00h\x00"
                        "a."s)
                .result()
                .kind,
            Kind::list);
  // Each list holds the one before twice: 2^30 leaves if written out, sixty references here.
  std::string doubling = head + "]";
  for (int k = 0; k < 30; ++k)
    doubling +=
        "q\x00"
        "0]h\x00"
        "ah\x00"
        "a"s;
  EXPECT_EQ(read(doubling + ".").result().kind, Kind::list);
}

TEST(PickleReader, StopsBombs) {
  EXPECT_THAT(error(head + std::string(200'000, '(') + "."), HasSubstr("values on the stack"));
  EXPECT_THAT(error(head + "N" + std::string(200'000, '2') + "."), HasSubstr("values on the stack"));
  std::string objects = head;
  for (int k = 0; k < 400'000; ++k) objects += ")0";
  EXPECT_THAT(error(objects + "."), HasSubstr("more than 150000 objects"));
  std::string memo = "\x80\x04N";
  memo += std::string(400'000, '\x94');
  EXPECT_THAT(error(memo + "."), HasSubstr("more than 150000 objects"));
  EXPECT_THAT(error(head + "B\x00\x00\x00\x02"s + std::string(1 << 25, 'x') + "."),
              HasSubstr("bytes needed"));  // above 16 MiB
}

// Peak memory of reading `bytes` in a process of its own [bytes].
long memory_of(const std::string& bytes) {
  int ends[2];
  if (::pipe(ends) != 0) return -1;
  const pid_t child = ::fork();
  if (child == 0) {
    rusage before{}, after{};
    ::getrusage(RUSAGE_SELF, &before);
    survives([&] { read(bytes); });
    ::getrusage(RUSAGE_SELF, &after);
    const long kilobytes = after.ru_maxrss - before.ru_maxrss;
    [[maybe_unused]] const auto written = ::write(ends[1], &kilobytes, sizeof kilobytes);
    ::_exit(0);
  }
  long kilobytes = -1;
  if (::read(ends[0], &kilobytes, sizeof kilobytes) != sizeof kilobytes) kilobytes = -1;
  ::close(ends[0]);
  ::close(ends[1]);
  ::waitpid(child, nullptr, 0);
  return kilobytes < 0 ? -1 : kilobytes * 1024;
}

std::string repeated(const std::string& text, size_t bytes) {
  std::string all;
  while (all.size() < bytes) all += text;
  return all;
}

// The source promises 100 MB. One list, one dict of millions of items took three times that.
TEST(PickleReader, MemoryStaysWithinItsPromise) {
  constexpr size_t most = 15 << 20;
  const std::string many = repeated("K\x01", 90'000);
  const std::vector<std::pair<const char*, std::string>> hostile{
      {"a list", head + "]" + repeated("Na", most) + "."},
      {"a list in batches", head + "]" + repeated("(" + many + "e", most) + "."},
      {"a dict", head + "}" + repeated("NNs", most) + "."},
      {"lists", head + "(" + repeated("]0", most) + "."},
      {"dicts", head + "(" + repeated("}0", most) + "."},
      {"a memo", head + repeated("N\x940", most) + "."},
      {"tuples of one", head + repeated("N\x850", most) + "."},
  };
  for (const auto& [what, bytes] : hostile) {
    const long memory = memory_of(bytes);
    EXPECT_GE(memory, 0) << what;
    EXPECT_LE(memory, 100'000'000) << what;
  }
  EXPECT_THAT(error(hostile[0].second), HasSubstr("more than 500000 items"));
  EXPECT_THAT(error(hostile[2].second), HasSubstr("more than 500000 items"));
}

TEST(PickleReader, SurvivesRandomPrograms) {
  const std::string opcodes =
      "NJKMGXUTCB)t]lae}dsu(012qrhjcRbQ\x85\x86\x87\x88\x89\x8a\x8b\x8c\x8d\x8e\x8f\x90\x91\x92\x93\x94\x95\x96\x81";
  const std::string seeds[] = {tensor(), storage(), "ccollections\nOrderedDict\n", text("key"), "K\x01", "}(", "]("};
  std::mt19937 random(7);
  int read_whole = 0;
  for (int k = 0; k < 20'000; ++k) {
    std::string program = head;
    for (unsigned step = random() % 30; step-- > 0;) {
      program += random() % 2 ? seeds[random() % std::size(seeds)] : std::string(1, opcodes[random() % opcodes.size()]);
    }
    read_whole += survives([&] { read(program + "."); });
  }
  EXPECT_GT(read_whole, 100);
}

}  // namespace
}  // namespace hens::test
