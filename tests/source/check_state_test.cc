// What no analysis can be: other units, holes, swapped hemispheres.
#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <random>

#include <fmt/format.h>

#include "package/npy.h"
#include "source/analytic.h"
#include "source/humidity.h"
#include "source/source_fixtures.h"

namespace hens {
namespace {

using test::data_root;
using ::testing::HasSubstr;

const LatLonGrid grid = equiangular_grid(73, 144);

State golden_state() {
  return {grid, hens_channels(), test::gfs_time,
          read_npy(data_root() / "golden/model/forecast/initial_2015091218.npy").as<float>()};
}

std::span<float> channel(State& state, const char* name) {
  return state.channel(channel_positions({name}, state.channels)[0]);
}

std::string refusal(const State& state) {
  return test::error_text([&] { check_state(state, "file.nc"); }, ExitCode::bad_input);
}

TEST(CheckState, ARealAnalysisPasses) {
  HENS_REQUIRE_DATA("golden/model/forecast/initial_2015091218.npy");
  EXPECT_NO_THROW(check_state(golden_state(), "file.nc"));
}

TEST(CheckState, AnyNumberThatIsNotFiniteIsNamedWithItsPlace) {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    State state = analytic_state(test::gfs_time, {"u10m", "q500"}, grid);
    state.channel(1)[10 * 144 + 4] = bad;
    EXPECT_THAT(refusal(state), HasSubstr("file.nc: channel q500 at 2015-09-12T18:00:00Z is not finite"));
    EXPECT_THAT(refusal(state), HasSubstr("latitude 65, longitude 10"));
  }
}

TEST(CheckState, OtherUnitsAreNamed) {
  HENS_REQUIRE_DATA("golden/model/forecast/initial_2015091218.npy");
  struct Mistake {
    const char* channel;
    double factor, offset;
    const char* hint;
  };
  for (const Mistake& mistake : {Mistake{"t850", 1, -273.15, "Celsius"},
                                 {"d2m", 1, -273.15, "Celsius"},
                                 {"z500", 1 / 9.80665, 0, "height instead of geopotential"},
                                 {"z50", 1 / 9.80665, 0, "height instead of geopotential"},
                                 {"sp", 0.01, 0, "hPa"},
                                 {"msl", 0.01, 0, "hPa"},
                                 {"q850", 1000, 0, "g/kg"},
                                 {"tcwv", 1000, 0, "kg m-2"}}) {
    State state = golden_state();
    for (float& value : channel(state, mistake.channel)) value = float(value * mistake.factor + mistake.offset);
    EXPECT_THAT(refusal(state), HasSubstr(fmt::format("channel {}", mistake.channel)));
    EXPECT_THAT(refusal(state), HasSubstr(mistake.hint)) << mistake.channel;
  }
}

// 1.7e37 K are no degrees Celsius.
TEST(CheckState, ValuesBeyondAllUnitsAreNotTakenForOne) {
  State state = analytic_state(test::gfs_time, {"t850"}, grid);
  state.channel(0)[7] = 1.7e37F;
  EXPECT_THAT(refusal(state), HasSubstr("expected 130 .. 350 K; is the field damaged"));
}

TEST(CheckState, AnotherLevelIsNoticedInGeopotential) {
  HENS_REQUIRE_DATA("golden/model/forecast/initial_2015091218.npy");
  State state = golden_state();
  std::ranges::copy(channel(state, "z300"), channel(state, "z500").begin());
  EXPECT_THAT(refusal(state), HasSubstr("channel z500"));
}

// Uniform noise within the bounds of each level passes those.
TEST(CheckState, NoiseInPlaceOfHeightsIsNoticed) {
  const auto with_noise = [](State state, double width, bool temperatures) {
    std::minstd_rand random(1);
    std::uniform_real_distribution<float> noise(-1, 1);
    for (const char* name : {"z500", "z700"}) {
      auto values = channel(state, name);
      for (float& value : values) value += static_cast<float>(width) * noise(random);
    }
    if (!temperatures) {
      const std::vector<std::string> all = state.channels;
      std::vector<std::string> kept;
      std::ranges::copy_if(all, std::back_inserter(kept), [](const std::string& c) { return c[0] != 't'; });
      State less{state.grid, kept, state.valid_time, {}};
      for (const std::string& c : kept) {
        const auto values = state.channel(channel_positions({c}, all)[0]);
        less.values.insert(less.values.end(), values.begin(), values.end());
      }
      return less;
    }
    return state;
  };
  const State analysis = analytic_state(test::gfs_time, hens_channels(), grid);
  EXPECT_NO_THROW(check_state(analysis, "file.nc"));
  EXPECT_NO_THROW(check_state(with_noise(analysis, 0, false), "file.nc"));
  // 6500 m2 s-2 is within the bounds of both levels, 5000 is 78 K of the layer of 400 to 500 hPa.
  for (const double width : {6500.0, 5000.0}) {
    const std::string message = refusal(with_noise(analysis, width, true));
    EXPECT_THAT(message, HasSubstr("file.nc: channels z400 and z500 at 2015-09-12T18:00:00Z do not belong together"));
    EXPECT_THAT(message, HasSubstr("at latitude "));
    EXPECT_THAT(message, HasSubstr("initial_conditions.check: finite"));
  }
  EXPECT_THAT(refusal(with_noise(analysis, 6500, false)), HasSubstr("do not belong together"));
  EXPECT_NO_THROW(check_state(with_noise(analysis, 6500, true), "file.nc", StateCheck::finite));
}

// Heights of the standard atmosphere over air of one temperature: far from any analysis, and no mistake.
TEST(CheckState, AnIsothermalStateOfStandardHeightsPasses) {
  State state{grid,
              {"z50", "z100", "z250", "z500", "z850", "z1000", "t50", "t100", "t250", "t500", "t850", "t1000"},
              test::gfs_time,
              {}};
  for (const float height : {20576.F, 16180.F, 10363.F, 5574.F, 1457.F, 111.F}) {
    state.values.insert(state.values.end(), grid.points(), height * 9.80665F);
  }
  state.values.insert(state.values.end(), 6 * grid.points(), 250.0F);
  EXPECT_NO_THROW(check_state(state, "file.nc"));
}

// What an idealised state may be, and what no state may.
TEST(CheckState, TheFiniteCheckAsksForFiniteValuesAlone) {
  State state = analytic_state(test::gfs_time, {"t850", "z500"}, grid);
  for (float& value : state.values) value = 1;
  EXPECT_THAT(refusal(state), HasSubstr("initial_conditions.check: finite"));
  EXPECT_NO_THROW(check_state(state, "file.nc", StateCheck::finite));
  state.channel(1)[4] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(test::error_text([&] { check_state(state, "file.nc", StateCheck::finite); }, ExitCode::bad_input),
              HasSubstr("channel z500 at 2015-09-12T18:00:00Z is not finite"));
}

TEST(CheckState, SwappedHemispheresAreNoticed) {
  HENS_REQUIRE_DATA("golden/model/forecast/initial_2015091218.npy");
  State state = golden_state();
  for (size_t c = 0; c < state.channels.size(); ++c) {
    const State upright = state;
    for (int i = 0; i < 73; ++i) {
      std::ranges::copy(upright.channel(c).subspan((72 - i) * 144, 144), state.channel(c).begin() + i * 144);
    }
  }
  EXPECT_THAT(refusal(state), HasSubstr("file.nc: the hemispheres are swapped"));
}

TEST(CheckState, LongitudesShiftedByHalfATurnAreNoticed) {
  HENS_REQUIRE_DATA("golden/model/forecast/initial_2015091218.npy");
  State state = golden_state();
  auto pressure = channel(state, "sp");
  for (int i = 0; i < 73; ++i) std::rotate(&pressure[i * 144], &pressure[i * 144 + 72], &pressure[i * 144] + 144);
  EXPECT_THAT(refusal(state), HasSubstr("shifted by half a turn"));
}

TEST(CheckState, APlanetWithoutMountainsIsNeverCalledSwapped) {
  State state = analytic_state(test::gfs_time, {"sp"}, grid);
  EXPECT_NO_THROW(check_state(state, "analytic"));
  for (int i = 0; i < 36; ++i)
    std::swap_ranges(&state.values[i * 144], &state.values[i * 144] + 144, &state.values[(72 - i) * 144]);
  EXPECT_NO_THROW(check_state(state, "analytic"));
}

TEST(SpecificHumidity, FollowsBoltonsFormula) {
  // At the triple point the saturation vapour pressure is 611.2 Pa: q = 0.622 * 611.2 / (1e5 - 0.378 * 611.2).
  EXPECT_NEAR(specific_humidity(100, 273.15, 1e5), 0.622 * 611.2 / (1e5 - 0.378 * 611.2), 1e-15);
  EXPECT_EQ(specific_humidity(0, 290, 85000), 0.0);
  EXPECT_GT(specific_humidity(50, 290, 85000), 2 * specific_humidity(25, 290, 85000)) << "vapour is lighter than air";
}

}  // namespace
}  // namespace hens
