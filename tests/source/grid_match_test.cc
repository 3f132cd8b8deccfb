// Coincidence of grids.
#include "source/grid_match.h"

#include <algorithm>

#include "source/source_fixtures.h"

namespace hens {
namespace {

using ::testing::HasSubstr;

GridMatch match(const LatLonGrid& file, const LatLonGrid& wanted) {
  return match_grid(file.lat, file.lon, wanted, "x");
}

TEST(GridMatch, EveryTenthPointOfAQuarterDegree) {
  const GridMatch found = match(equiangular_grid(721, 1440), equiangular_grid(73, 144));
  for (int i = 0; i < 73; ++i) EXPECT_EQ(found.row[i], 10 * i);
  for (int j = 0; j < 144; ++j) EXPECT_EQ(found.column[j], 10 * j);
}

TEST(GridMatch, AModelWithoutTheSouthPoleUsesTheOtherRows) {
  LatLonGrid wanted = equiangular_grid(721, 1440);
  wanted.lat.pop_back();
  EXPECT_EQ(match(equiangular_grid(721, 1440), wanted).row.back(), 719);
}

TEST(GridMatch, DirectionsAndOriginsDoNotMatter) {
  LatLonGrid file = equiangular_grid(19, 36);
  std::ranges::reverse(file.lat);
  for (double& longitude : file.lon) longitude -= 180.0;
  const GridMatch found = match(file, equiangular_grid(19, 36));
  EXPECT_EQ(found.row.front(), 18);
  EXPECT_EQ(found.row.back(), 0);
  EXPECT_EQ(found.column[0], 18);
  EXPECT_EQ(found.column[18], 0);
  std::vector<double> field(19 * 36);
  for (int i = 0; i < 19 * 36; ++i) field[i] = i;
  EXPECT_EQ(take_points(field, 36, 1, found)[0], 18 * 36 + 18);
  EXPECT_EQ(take_points(field, 1, 19, found)[0], 18 + 18 * 19) << "latitudes fastest";
}

TEST(GridMatch, RoundingOfCoordinatesIsForgiven) {
  LatLonGrid file = equiangular_grid(19, 36);
  file.lat[3] += 4e-4;
  file.lon[0] = 359.9996;
  EXPECT_NO_THROW(match(file, equiangular_grid(19, 36)));
  file.lat[3] += 2e-3;
  EXPECT_THAT(test::error_text([&] { match(file, equiangular_grid(19, 36)); }, ExitCode::bad_input),
              HasSubstr("has no latitude 60 of the wanted 19x36 grid"));
}

TEST(GridMatch, NothingIsInterpolated) {
  EXPECT_THAT(
      test::error_text([] { match(equiangular_grid(721, 1440), equiangular_grid(128, 256)); }, ExitCode::bad_input),
      HasSubstr("grids that would do: 721x1440, 361x720, 241x480, 181x360"));
}

// For a file coarser than the model the list read as if the file's own grid were right.
TEST(GridMatch, SaysOfWhichModelsTheGridsAre) {
  EXPECT_THAT(test::error_text([] { match(equiangular_grid(37, 72), equiangular_grid(73, 144)); }, ExitCode::bad_input),
              HasSubstr("with this file, model grids that would do: 37x72"));
}

}  // namespace
}  // namespace hens
