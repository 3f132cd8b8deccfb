// Blocks of members' rows: the same values whether they fit the memory or go through a file, and as few bytes as
// allowed.
#include "scores/member_blocks.h"

#include <cmath>

#include <gtest/gtest.h>

#include "base/error.h"
#include "support/test_data.h"

namespace hens {
namespace {

// Fields that tell member and point apart.
class NumberedStore : public Store {
 public:
  explicit NumberedStore(const LatLonGrid& grid) { layout_.domain.grid = grid, layout_.variables = {"t2m"}; }
  std::vector<PrescribedFile> prescribed_files() const override { return {}; }
  std::vector<StoredFile> publish_metadata() override { return {}; }
  std::unique_ptr<MemberWriter> member(int, int) override { return nullptr; }
  std::vector<std::string> member_files(int, int) const override { return {}; }
  bool is_member_file(std::string_view) const override { return false; }
  const StoreLayout& layout() const override { return layout_; }
  std::vector<float> read(int, int, int member, int) const override {
    std::vector<float> field(layout_.domain.grid.points());
    for (size_t p = 0; p < field.size(); ++p) field[p] = value(static_cast<size_t>(member), p);
    if (member == not_finite) field.back() = NAN;
    return field;
  }
  static float value(size_t member, size_t point) { return static_cast<float>(member * 1000 + point); }

  int not_finite = -1;

 private:
  StoreLayout layout_;
};

class Blocks : public ::testing::Test {
 protected:
  static constexpr size_t members = 7;
  const LatLonGrid grid = equiangular_grid(19, 36);
  const test::TemporaryFolder folder;
  NumberedStore store{grid};

  std::vector<MemberField> fields() const {
    std::vector<MemberField> all;
    for (int m = 0; m < static_cast<int>(members); ++m)
      all.push_back({&store, 0, 0, m, 0, fmt::format("member {}", m)});
    return all;
  }
};

TEST_F(Blocks, HoldEachValueOnceWhateverTheMemory) {
  for (const uint64_t memory : {1, 2000, 5000, 10'000, 1'000'000}) {
    const int rows = rows_of_block(members, grid, memory);
    int next = 0;
    for_each_block(fields(), grid, {memory, folder.path()}, [&](const MemberBlock& block) {
      EXPECT_EQ(block.row, next);
      EXPECT_LE(block.rows, rows);
      next += block.rows;
      const size_t points = static_cast<size_t>(block.rows) * 36;
      ASSERT_EQ(block.values.size(), members * points);
      for (size_t m = 0; m < members; ++m) {
        for (size_t p = 0; p < points; ++p) {
          ASSERT_EQ(block.values[m * points + p], NumberedStore::value(m, static_cast<size_t>(block.row) * 36 + p));
        }
      }
    });
    EXPECT_EQ(next, 19) << memory;
    EXPECT_TRUE(fs::is_empty(folder.path()));
  }
}

// 7,424 members at 0.25 degrees, 1 GiB: 25 rows at a time, and never less than one.
TEST(BlockRows, AreWhatFits) {
  const LatLonGrid grid = equiangular_grid(721, 1440);
  EXPECT_EQ(rows_of_block(7424, grid, uint64_t{1} << 30), 25);
  EXPECT_LE(uint64_t{7424} * 25 * 1440 * 4, uint64_t{1} << 30);
  EXPECT_EQ(rows_of_block(7424, grid, 1), 1);
  EXPECT_EQ(rows_of_block(50, grid, uint64_t{1} << 30), 721);
}

TEST_F(Blocks, AMemberThatIsNoNumberIsNamed) {
  store.not_finite = 5;
  try {
    for_each_block(fields(), grid, {2000, folder.path()}, [](const MemberBlock&) {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::not_finite);
    EXPECT_NE(std::string(error.what()).find("member 5: t2m"), std::string::npos) << error.what();
  }
}

TEST_F(Blocks, NoPlaceForScratchIsSaid) {
  try {
    for_each_block(fields(), grid, {2000, folder / "none"}, [](const MemberBlock&) {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::cannot_create);
    EXPECT_NE(std::string(error.what()).find("--scratch"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace hens
