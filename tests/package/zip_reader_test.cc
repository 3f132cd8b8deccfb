// The zip reader: entries are where the directory says, alone, inside the file, stored; anything else is refused.
#include "package/zip_reader.h"

#include "package/zip_format.h"
#include "support/package_support.h"

namespace hens::test {
namespace {

using ::testing::HasSubstr;

struct Part {
  std::string name, data;
  uint16_t flags = 0, method = 0;
  std::string local_name = name;
  int64_t size_lie = 0;  // added to the directory's sizes
  int64_t offset_lie = 0;
  bool zip64 = false;  // sizes and offset in the zip64 field
};

std::span<const std::byte> as_bytes(const std::string& text) { return std::as_bytes(std::span(text)); }

template <typename T>
std::string u(uint64_t value) {
  return little_endian(static_cast<T>(value));
}

struct EndLie {
  int64_t entries = 0, size = 0, offset = 0;
};

std::string zip_of(const std::vector<Part>& parts, const EndLie& lie = {}, bool zip64_end = false) {
  std::string file, directory;
  for (const Part& p : parts) {
    const uint64_t offset = file.size() + static_cast<uint64_t>(p.offset_lie),
                   size = p.data.size() + static_cast<uint64_t>(p.size_lie);
    const uint32_t crc = zip::crc32(as_bytes(p.data));
    file += u<uint32_t>(zip::local_signature) + u<uint16_t>(20) + u<uint16_t>(p.flags) + u<uint16_t>(p.method) +
            u<uint32_t>(0) + u<uint32_t>(crc) + u<uint32_t>(p.data.size()) + u<uint32_t>(p.data.size()) +
            u<uint16_t>(p.local_name.size()) + u<uint16_t>(0) + p.local_name + p.data;
    const std::string extra =
        p.zip64 ? u<uint16_t>(1) + u<uint16_t>(24) + u<uint64_t>(size) + u<uint64_t>(size) + u<uint64_t>(offset) : "";
    const uint64_t far = zip::in_zip64_32;
    directory += u<uint32_t>(zip::central_signature) + u<uint16_t>(20) + u<uint16_t>(20) + u<uint16_t>(p.flags) +
                 u<uint16_t>(p.method) + u<uint32_t>(0) + u<uint32_t>(crc) + u<uint32_t>(p.zip64 ? far : size) +
                 u<uint32_t>(p.zip64 ? far : size) + u<uint16_t>(p.name.size()) + u<uint16_t>(extra.size()) +
                 u<uint16_t>(0) + u<uint16_t>(0) + u<uint16_t>(0) + u<uint32_t>(0) +
                 u<uint32_t>(p.zip64 ? far : offset) + p.name + extra;
  }
  const uint64_t count = parts.size() + static_cast<uint64_t>(lie.entries),
                 size = directory.size() + static_cast<uint64_t>(lie.size);
  const uint64_t offset = file.size() + static_cast<uint64_t>(lie.offset);
  std::string end;
  if (zip64_end) {
    const uint64_t at = file.size() + directory.size();
    end += u<uint32_t>(zip::end64_signature) + u<uint64_t>(44) + u<uint32_t>(0) + u<uint32_t>(0) + u<uint32_t>(0) +
           u<uint64_t>(count) + u<uint64_t>(count) + u<uint64_t>(size) + u<uint64_t>(offset);
    end += u<uint32_t>(zip::locator64_signature) + u<uint32_t>(0) + u<uint64_t>(at) + u<uint32_t>(1);
  }
  end += u<uint32_t>(zip::end_signature) + u<uint32_t>(0);
  end += u<uint16_t>(zip64_end ? 0xffff : count) + u<uint16_t>(zip64_end ? 0xffff : count);
  end += u<uint32_t>(zip64_end ? 0xffffffff : size) + u<uint32_t>(zip64_end ? 0xffffffff : offset) + u<uint16_t>(0);
  return file + directory + end;
}

std::string error(const std::string& file) {
  return error_of([&] { ZipArchive("a.zip", as_bytes(file)); });
}

std::string content(const ZipArchive& archive, const std::string& name) {
  const auto bytes = archive.check(name);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST(ZipReader, FindsStoredEntriesInBothFormats) {
  for (const bool zip64 : {false, true}) {
    const std::string file =
        zip_of({{"a/x", "hello", 0, 0, "a/x", 0, 0, zip64}, {"a/empty", ""}, {"a/y", "world"}}, {}, zip64);
    const ZipArchive archive("a.zip", as_bytes(file));
    EXPECT_EQ(archive.entries().size(), 3u);
    EXPECT_EQ(content(archive, "a/x"), "hello");
    EXPECT_EQ(content(archive, "a/empty"), "");
    EXPECT_EQ(content(archive, "a/y"), "world");
    EXPECT_EQ(archive.find("a/z"), nullptr);
  }
}

TEST(ZipReader, KnowsTheChecksumOfItsData) {
  EXPECT_EQ(zip::crc32(as_bytes("123456789")), 0xcbf43926u);  // the check value of CRC-32/ISO-HDLC
  std::string file = zip_of({{"x", "hello"}});
  file[zip::local_size + 1] = 'H';
  const ZipArchive archive("a.zip", as_bytes(file));
  EXPECT_THAT(error_of([&] { archive.check("x"); }), HasSubstr("x at byte 31 does not have its CRC"));
}

TEST(ZipReader, PassesAllBytesOnAndChecksEachEntry) {
  const std::string large(3'000'000, 'z');  // several pieces
  std::string file = zip_of({{"x", "hello"}, {"y", large}, {"z", ""}});
  const auto read = [&] {
    std::string all;
    ZipArchive("c.zip", as_bytes(file)).check_all([&](std::span<const std::byte> piece) {
      all.append(reinterpret_cast<const char*>(piece.data()), piece.size());
    });
    return all;
  };
  EXPECT_EQ(read(), file);
  file[file.find("zz") + 2'500'000] = 'Z';
  EXPECT_THAT(error_of(read), HasSubstr("c.zip: damaged zip archive: y at byte 67 does not have its CRC"));
}

TEST(ZipReader, RefusesWhatLiesAboutItsPlace) {
  EXPECT_THAT(error(zip_of({{"x", "hello", 0, 0, "x", 1'000'000}})), HasSubstr("x claims 1000005 bytes"));
  EXPECT_THAT(error(zip_of({{"x", "hello", 0, 0, "x", 1}})), HasSubstr("x claims 6 bytes at byte 31"));
  EXPECT_THAT(error(zip_of({{"x", "hello", 0, 0, "x", (int64_t{1} << 62), 0, true}})), HasSubstr("x claims"));
  EXPECT_THAT(error(zip_of({{"x", "hello", 0, 0, "x", -6, 0, true}})), HasSubstr("x claims 18446744073709551615"));
  EXPECT_THAT(error(zip_of({{"x", "hello", 0, 0, "x", 0, 3}})), HasSubstr("no header of x at byte 3"));
  EXPECT_THAT(error(zip_of({{"x", "hello", 0, 0, "x", 0, -1, true}})), HasSubstr("no header of x"));
  EXPECT_THAT(error(zip_of({{"x", "hello", 0, 0, "y"}})), HasSubstr("has another name"));
}

TEST(ZipReader, RefusesEntriesThatShareBytes) {
  const std::string inner = zip_of({{"y", "hi"}}).substr(0, 33);  // header, name and data of y as the content of x
  std::string file = zip_of({{"x", inner + "...."}, {"y", "hi", 0, 0, "y", 0, -37}});
  EXPECT_THAT(error(file), HasSubstr("x and y overlap"));
  EXPECT_THAT(error(zip_of({{"x", "1"}, {"x", "2"}})), HasSubstr("x is there twice"));
}

TEST(ZipReader, RefusesWhatPyTorchNeverWrites) {
  EXPECT_THAT(error(zip_of({{"x", "hello", 0, 8}})), HasSubstr("x is compressed (method 8)"));
  EXPECT_THAT(error(zip_of({{"x", "hello", 1}})), HasSubstr("x is encrypted"));
}

TEST(ZipReader, RefusesDirectoriesThatCannotBe) {
  const std::vector<Part> parts = {{"x", "hello"}};
  EXPECT_THAT(error(""), HasSubstr("no end-of-directory record"));
  EXPECT_THAT(error(std::string(70'000, 'P')), HasSubstr("no end-of-directory record"));
  EXPECT_THAT(error(zip_of(parts, {.entries = 60'000})), HasSubstr("60001 entries cannot fit"));
  EXPECT_THAT(error(zip_of(parts, {.entries = int64_t{1} << 60}, true)), HasSubstr("entries cannot fit"));
  EXPECT_THAT(error(zip_of(parts, {.size = 1})), HasSubstr("outside the file"));
  EXPECT_THAT(error(zip_of(parts, {.size = -1, .offset = int64_t{1} << 62}, true)), HasSubstr("outside the file"));
  EXPECT_THAT(error(zip_of(parts, {.offset = -1})), HasSubstr("no directory entry at byte 35"));
}

}  // namespace
}  // namespace hens::test
