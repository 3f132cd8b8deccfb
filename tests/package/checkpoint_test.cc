// Checkpoints from a hostile hand: truncated, flipped, lying about tensors and storages. Error or a valid result,
// always.
#include "package/checkpoint.h"

#include "package/network_tensors.h"
#include "support/package_support.h"
#include "synth/checkpoint_writer.h"

namespace hens::test {
namespace {

using ::testing::HasSubstr;
using namespace std::string_literals;

class CheckpointFile : public ::testing::Test {
 protected:
  fs::path path() const { return folder_ / "best_ckpt_mp0.tar"; }

  Checkpoint read(const std::string& bytes) {
    put_file(path(), bytes);
    const MappedFile file(path());
    Checkpoint checkpoint = read_checkpoint(file, is_network_tensor);
    // Every view lies inside the file; touching its ends would crash otherwise.
    for (const auto& [name, tensor] : checkpoint.tensors) {
      const auto offset = static_cast<size_t>(tensor.data - file.bytes().data());
      EXPECT_LE(offset, bytes.size()) << name;
      EXPECT_LE(tensor.bytes(), bytes.size() - offset) << name;
      sum_ += static_cast<int>(tensor.data[0]) + static_cast<int>(tensor.data[tensor.bytes() - 1]);
    }
    return checkpoint;
  }
  std::string error(const std::string& bytes) {
    return error_of([&] { read(bytes); });
  }

  // A small checkpoint of two tensors, encoder.fwd.0.bias [2] and blocks.0.filter.filter.weight [1, 1, 3], as zip.
  std::string small() {
    const std::vector<NetworkTensor> tensors = {{"encoder.fwd.0.bias", {2}, ElementType::float32},
                                                {"blocks.0.filter.filter.weight", {1, 1, 3}, ElementType::complex64}};
    write_checkpoint(path(), tensors, "module.model.", 70, [](const NetworkTensor& tensor, const auto& write) {
      const std::vector<float> ones(tensor.shape.size() == 1 ? 2 : 6, 1.0f);
      write(std::as_bytes(std::span(ones)));
    });
    return read_file(path());
  }

  TemporaryFolder folder_;
  int sum_ = 0;
};

// The older stream, made by hand: head, object, keys, storages.
std::string stream(const std::string& object, const std::string& keys, const std::string& storages,
                   const std::string& machine = "}X\x0d\x00\x00\x00little_endian\x88s."s) {
  return "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
         "\x80\x02M\xe9\x03."
         "\x80\x02"s +
         machine + "\x80\x02"s + object + "\x80\x02"s + keys + storages;
}
std::string text(const std::string& t) { return "X" + little_endian(static_cast<uint32_t>(t.size())) + t; }
std::string number(int64_t n) { return "\x8a\x08" + little_endian(n); }

struct Claim {
  int64_t storage = 6, offset = 0;
  std::string shape = "K\x02K\x03\x86", stride = "K\x03K\x01\x86", type = "FloatStorage", more = "";
};
std::string object_of(const Claim& c) {
  return "}" + text("model_state") + "}" + text("encoder.fwd.2.weight") + "ctorch._utils\n_rebuild_tensor_v2\n((" +
         text("storage") + "ctorch\n" + c.type + "\n" + text("7") + text("cpu") + number(c.storage) + "tQ" +
         number(c.offset) + c.shape + c.stride + "\x89}" + c.more + "tRss.";
}
const std::string keys = "]" + text("7") + "a.";
std::string storage(int64_t count = 6, size_t bytes = 24) { return little_endian(count) + std::string(bytes, '\0'); }

TEST_F(CheckpointFile, SmallExamplesAreReadWhole) {
  EXPECT_EQ(read(small()).tensors.at("module.model.blocks.0.filter.filter.weight").elements(), 3);
  const Checkpoint checkpoint = read(stream(object_of({}), keys, storage()));
  EXPECT_EQ(checkpoint.format, "stream");
  EXPECT_EQ(checkpoint.tensors.at("encoder.fwd.2.weight").elements(), 6);
}

TEST_F(CheckpointFile, TensorsMustLieInTheirStorage) {
  const auto claims = [&](const Claim& claim) { return error(stream(object_of(claim), keys, storage())); };
  EXPECT_THAT(claims({.offset = 1}), HasSubstr("encoder.fwd.2.weight needs elements 1 to 7 of a storage of 6"));
  EXPECT_THAT(claims({.offset = INT64_MAX}), HasSubstr("encoder.fwd.2.weight needs elements"));
  EXPECT_THAT(claims({.offset = -1}), HasSubstr("offset is no whole number"));
  EXPECT_THAT(claims({.shape = "K\x03K\x03\x86"}), HasSubstr("needs elements 0 to 9"));
  const std::string huge = number(int64_t{1} << 32);
  EXPECT_THAT(claims({.shape = huge + huge + "\x86"}), HasSubstr("impossible size"));  // the product wraps to 0
  EXPECT_THAT(claims({.shape = "K\x00K\x03\x86"s}), HasSubstr("impossible size"));
  EXPECT_THAT(claims({.stride = "K\x01K\x02\x86"}), HasSubstr("is not plain contiguous data"));
  EXPECT_THAT(claims({.stride = "K\x00K\x00\x86"s}), HasSubstr("is not plain contiguous data"));
  EXPECT_THAT(claims({.more = "}" + text("conj") + "\x88s"}), HasSubstr("is not plain contiguous data"));
  EXPECT_THAT(claims({.type = "ComplexFloatStorage"}), HasSubstr("ends at byte"));  // twice the bytes
}

TEST_F(CheckpointFile, ElementTypesAreNamed) {
  EXPECT_THAT(error(stream(object_of({.type = "DoubleStorage"}), keys, storage(6, 48))),
              HasSubstr("elements of DoubleStorage; supported"));
  EXPECT_THAT(error(stream(object_of({.type = "HalfStorage"}), keys, storage(6, 12))), HasSubstr("HalfStorage"));
}

TEST_F(CheckpointFile, StridesOfSingleElementsDoNotMatter) {
  const std::string shape = "(K\x02K\x03K\x01K\x01t", stride = "(K\x03K\x01K\x63K\x63t";
  EXPECT_EQ(read(stream(object_of({.shape = shape, .stride = stride}), keys, storage())).tensors.size(), 1u);
}

TEST_F(CheckpointFile, StoragesMustLieInTheStream) {
  EXPECT_THAT(error(stream(object_of({}), keys, storage(7, 28))),
              HasSubstr("storage 7 has 7 elements, 6 were announced"));
  EXPECT_THAT(error(stream(object_of({}), keys, storage(6, 23))), HasSubstr("inside storage 7 of 24 bytes"));
  EXPECT_THAT(error(stream(object_of({}), keys, "")), HasSubstr("before storage 7"));
  const int64_t huge = int64_t{1} << 61;
  EXPECT_THAT(error(stream(object_of({.storage = huge}), keys, storage(huge))), HasSubstr("impossible size"));
  EXPECT_THAT(error(stream(object_of({}), "].", "")), HasSubstr("storage 7 is not in its list"));
  EXPECT_THAT(error(stream(object_of({}), "]" + text("8") + "a.", storage())), HasSubstr("that no tensor uses"));
  EXPECT_THAT(error(stream(object_of({}), "](" + text("7") + text("7") + "e.", storage() + storage())),
              HasSubstr("listed twice"));
}

TEST_F(CheckpointFile, OtherMachinesAndFilesAreRefused) {
  EXPECT_THAT(error(stream(object_of({}), keys, storage(), "}" + text("little_endian") + "\x89s.")),
              HasSubstr("big-endian"));
  EXPECT_THAT(error(stream("].", "].", "")), HasSubstr("a checkpoint's dict"));
  EXPECT_THAT(error(stream("}.", "].", "")), HasSubstr("no model_state"));
  EXPECT_THAT(error(std::string(512, '\0')), HasSubstr("neither"));
  EXPECT_THAT(error("short"), HasSubstr("5 bytes are no checkpoint"));
  EXPECT_THAT(error("\x80\x02K\x05." + std::string(64, 'x')), HasSubstr("magic number"));
  std::string big = small();
  const size_t at = big.find("byteorder");
  big.replace(big.find("little", at), 6, "bigxxx");
  EXPECT_THAT(error(big), HasSubstr("does not have its CRC"));
}

TEST_F(CheckpointFile, CommandsInAPickleAreNotRun) {
  const fs::path mark = folder_ / "executed";
  std::string object = object_of({});
  object.insert(1, text("optimizer") + "cos\nsystem\n" + text("touch " + mark.string()) + "\x85Rs");
  EXPECT_EQ(read(stream(object, keys, storage())).tensors.size(), 1u);
  // As the tensor itself: no tensor is made of it.
  const std::string evil = "}" + text("model_state") + "}" + text("encoder.fwd.2.weight") + "cos\nsystem\n" +
                           text("touch " + mark.string()) + "\x85Rss.";
  EXPECT_TRUE(read(stream(evil, "].", "")).tensors.empty());
  EXPECT_FALSE(fs::exists(mark));
}

TEST_F(CheckpointFile, NamesInMessagesArePrintable) {
  Claim claim{.offset = 1};
  std::string object = object_of(claim);
  object.replace(object.find("fwd.2"), 5, "\x1b[2J\xff");
  const std::string message = error(stream(object, keys, storage()));
  EXPECT_THAT(message, HasSubstr("encoder.?[2J?.weight"));
}

// Every length and many flips of a small checkpoint in both formats.
TEST_F(CheckpointFile, SurvivesTruncationAnywhere) {
  for (const std::string& whole : {small(), stream(object_of({}), keys, storage())}) {
    for (size_t size = 0; size < whole.size(); ++size) {
      EXPECT_FALSE(survives([&] { read(whole.substr(0, size)); })) << size << " of " << whole.size();
    }
  }
}

TEST_F(CheckpointFile, SurvivesFlippedBytes) {
  std::mt19937 random(3);
  int valid = 0, refused = 0;
  for (const std::string& whole : {small(), stream(object_of({}), keys, storage())}) {
    for (int k = 0; k < 3000; ++k) {
      std::string bytes = whole;
      for (int flips = 0; flips <= k % 3; ++flips) bytes[random() % bytes.size()] = static_cast<char>(random());
      (survives([&] { read(bytes); }) ? valid : refused)++;
    }
  }
  EXPECT_GT(valid, 100);  // a flip in data or padding
  EXPECT_GT(refused, 1000);
}

// The real checkpoints, where their structure is: the front of the stream, the pickle and the directory of the zip.
TEST_F(CheckpointFile, GoldenCheckpointsSurviveDamage) {
  HENS_REQUIRE_DATA("golden/model/legacy/best_ckpt_mp0.tar");
  std::mt19937 random(5);
  for (const char* name : {"legacy/best_ckpt_mp0.tar", "mini_seed102/training_checkpoints/best_ckpt_mp0.tar",
                           "mini_seed103/training_checkpoints/best_ckpt_mp0.tar"}) {
    const std::string whole = read_file(data_root() / "golden/model" / name);
    EXPECT_EQ(read(whole).tensors.size(), 87u);
    for (int k = 0; k < 40; ++k) {
      EXPECT_FALSE(survives([&] { read(whole.substr(0, random() % whole.size())); })) << name;
    }
    put_file(path(), whole);
    std::fstream file(path(), std::ios::in | std::ios::out | std::ios::binary);
    for (int k = 0; k < 1000; ++k) {
      const size_t region = k % 2 == 0 ? random() % 24'000 : whole.size() - 1 - random() % 12'000;
      file.seekp(static_cast<std::streamoff>(region)).put(static_cast<char>(random())).flush();
      const MappedFile mapped(path());
      survives([&] { read_checkpoint(mapped, is_network_tensor); });
      file.seekp(static_cast<std::streamoff>(region)).put(whole[region]).flush();
    }
    EXPECT_EQ(read_checkpoint(MappedFile(path()), is_network_tensor).tensors.size(), 87u);
  }
}

}  // namespace
}  // namespace hens::test
