// .npy files: what NumPy writes is read exactly, anything else is refused before memory is taken.
#include "package/npy.h"

#include <cmath>

#include "support/package_support.h"

namespace hens::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string npy(const std::string& header, const std::string& data, char version = 1) {
  const std::string size =
      version == 1 ? little_endian<uint16_t>(header.size()) : little_endian<uint32_t>(header.size());
  return std::string("\x93NUMPY") + version + '\0' + size + header + data;
}

class Npy : public ::testing::Test {
 protected:
  NpyArray read(const std::string& bytes) {
    put_file(folder_ / "a.npy", bytes);
    return read_npy(folder_ / "a.npy");
  }
  std::string error(const std::string& bytes) {
    return error_of([&] { read(bytes); });
  }
  TemporaryFolder folder_;
};

TEST_F(Npy, ReadsBackWhatItWrites) {
  const std::vector<float> values = {1.5f, -2.0f, std::numeric_limits<float>::denorm_min(), 4.0f, 5.0f, 6.0f};
  const NpyArray array = read(npy_bytes(values, {1, 3, 2}));
  EXPECT_EQ(array.dtype, "<f4");
  EXPECT_THAT(array.shape, ElementsAre(1, 3, 2));
  EXPECT_EQ(array.as<float>(), values);
}

TEST_F(Npy, WritesTheBytesOfNumPy) {
  // numpy.save of zeros of shape (2,): the header padded to 128 bytes with its prefix, in NumPy's spelling.
  const std::string bytes = npy_bytes(std::vector<float>{0.0f, 0.0f}, {2});
  EXPECT_EQ(bytes.size(), 128u + 8u);
  EXPECT_EQ(bytes.substr(0, 10), std::string("\x93NUMPY\x01\x00\x76\x00", 10));
  EXPECT_THAT(bytes, HasSubstr("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }      "));
  EXPECT_EQ(bytes[127], '\n');
  EXPECT_THAT(npy_bytes({}, {1, 0, 3}), HasSubstr("'shape': (1, 0, 3), }"));
}

TEST_F(Npy, ReadsEveryElementTypeAndVersion) {
  const std::string order = ", 'fortran_order': False, 'shape': (2,)}";
  EXPECT_THAT(read(npy("{'descr': '<f8'" + order, little_endian(0.1) + little_endian(-3.0))).as<double>(),
              ElementsAre(0.1, -3.0));
  EXPECT_THAT(
      read(npy("{'descr': '<i4'" + order, little_endian<int32_t>(-7) + little_endian<int32_t>(9), 2)).as<float>(),
      ElementsAre(-7.0f, 9.0f));
  EXPECT_THAT(
      read(npy("{\"descr\": '<i8'" + order, little_endian<int64_t>(1) + little_endian<int64_t>(2), 3)).as<double>(),
      ElementsAre(1.0, 2.0));
}

TEST_F(Npy, ReadsTheGoldenStatistics) {
  HENS_REQUIRE_DATA("golden/model/mini_seed102/global_means.npy");
  const fs::path golden = data_root() / "golden/model/mini_seed102";
  const NpyArray means = read_npy(golden / "global_means.npy");
  EXPECT_THAT(means.shape, ElementsAre(1, 74, 1, 1));
  // A file that NumPy wrote, written again.
  EXPECT_EQ(npy_bytes(means.as<float>(), means.shape), read_file(golden / "global_means.npy"));
}

TEST_F(Npy, NamesWhatIsWrong) {
  const std::string good = "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}";
  EXPECT_THAT(error("PK"), HasSubstr("is no .npy file"));
  EXPECT_THAT(error(npy(good, "1234", 4)), HasSubstr("version 4"));
  EXPECT_THAT(error(npy(good, "123")), HasSubstr("more than the 3 bytes"));
  EXPECT_THAT(error(npy(good, "12345")), HasSubstr("needs 4 bytes, 5 follow"));
  EXPECT_THAT(error(npy("{'descr': '>f4', 'fortran_order': False, 'shape': (1,)}", "1234")), HasSubstr("'>f4'"));
  EXPECT_THAT(error(npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", "1234")), HasSubstr("'|O'"));
  EXPECT_THAT(error(npy("{'descr': '<f4', 'fortran_order': True, 'shape': (1,)}", "1234")),
              HasSubstr("False (C order)"));
  EXPECT_THAT(error(npy("{'descr': '<f4', 'shape': (1,)}", "1234")), HasSubstr("descr, fortran_order and shape"));
  EXPECT_THAT(error(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}", "1234")),
              HasSubstr("whole number"));
  EXPECT_THAT(error_of([&] { read_npy(folder_ / "none.npy"); }, ExitCode::missing_input), HasSubstr("none.npy"));
}

TEST_F(Npy, TakesNoMemoryForSizesThatAreNotThere) {
  const auto claiming = [&](const std::string& shape) {
    return error(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (" + shape + ")}", "1234"));
  };
  EXPECT_THAT(claiming("1000000000000,"), HasSubstr("more than the 4 bytes"));
  EXPECT_THAT(claiming("4294967296, 4294967296"),
              HasSubstr("more than the 4 bytes"));  // product is 2^64: 0 when it wraps
  EXPECT_THAT(claiming("99999999999999999999,"), HasSubstr("15 digits"));
  EXPECT_THAT(claiming(std::string(200, '1').replace(1, 199, std::string(199, ','))), HasSubstr("expected"));
  EXPECT_THAT(error(std::string("\x93NUMPY\x02\x00\xff\xff\xff\xff", 12)), HasSubstr("does not fit"));
}

TEST_F(Npy, SurvivesRandomDamage) {
  const std::string good = npy_bytes(std::vector<float>(6, 1.0f), {1, 6, 1, 1});
  std::mt19937 random(1);
  int refused = 0;
  for (int k = 0; k < 3000; ++k) {
    std::string bytes = good.substr(0, k % 3 == 0 ? random() % good.size() : good.size());
    for (int flips = 0; flips < 1 + k % 4 && !bytes.empty(); ++flips)
      bytes[random() % std::min<size_t>(bytes.size(), 80)] = static_cast<char>(random());
    refused += !survives([&] { EXPECT_LE(read(bytes).data.size(), bytes.size()); });
  }
  EXPECT_GT(refused, 2000);
}

}  // namespace
}  // namespace hens::test
