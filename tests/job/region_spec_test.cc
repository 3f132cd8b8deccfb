// The spec's section `regions`.
#include "job/region_spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "job/spec_text.h"

namespace hens {
namespace {

using test::parse_with;
using test::problems_with;
using testing::HasSubstr;

const std::string regions =
    "regions={europe: {lat_min: 35, lat_max: 70, lon_min: -10, lon_max: 40}, cities: {points: {paris: {lat: 48.85, "
    "lon: "
    "2.35}, sydney: {lat: -33.9, lon: 151.2}}, method: bilinear}}";

TEST(Regions, AreBoxesAndPointsByName) {
  const JobSpec spec = parse_with({regions, "output=[{region: europe}, {region: cities, name: towns}, {}]"});
  ASSERT_EQ(spec.regions.size(), 2u);
  EXPECT_EQ(spec.regions[0].box, (Box{35, 70, -10, 40}));
  EXPECT_EQ(spec.regions[1].points[1], (NamedPoint{"sydney", -33.9, 151.2}));
  EXPECT_EQ(spec.regions[1].method, PointMethod::bilinear);
  EXPECT_EQ(spec.output[0].name, "europe") << "the region's name, where none is given";
  EXPECT_EQ(spec.output[1].name, "towns");
  EXPECT_EQ(spec.output[2].name, "hens");
  EXPECT_EQ(region_named(spec.regions, ""), nullptr);
  EXPECT_EQ(region_named(spec.regions, "europe"), &spec.regions[0]);
}

TEST(Regions, SurviveJson) {
  const JobSpec spec =
      parse_with({regions, "output={region: cities}", "statistics=[{variables: t2m, region: europe}]"});
  const JobSpec back = job_spec_from_json(to_json(spec));
  EXPECT_EQ(back.regions, spec.regions);
  EXPECT_EQ(back.output[0].region, "cities");
  EXPECT_EQ(back.statistics[0].region, "europe");
  EXPECT_EQ(to_json(back), to_json(spec));
}

TEST(Regions, AreInTheHashWhereThereAreSome) {
  EXPECT_EQ(forecast_hash(parse_with({"regions={}"})), forecast_hash(parse_with({})));
  EXPECT_NE(forecast_hash(parse_with({regions})), forecast_hash(parse_with({})));
}

TEST(ReportPlaces, AreNamedPointsThatNoForecastDependsOn) {
  const std::string places = "report={places: {paris: {lat: 48.85, lon: 2.35}}}";
  const JobSpec spec = parse_with({places});
  EXPECT_EQ(spec.report.places, (std::vector<NamedPoint>{{"paris", 48.85, 2.35}}));
  EXPECT_EQ(job_spec_from_json(to_json(spec)).report.places, spec.report.places);
  EXPECT_EQ(forecast_hash(spec), forecast_hash(parse_with({})));
  EXPECT_FALSE(to_json(parse_with({}))["report"].contains("places"));
  EXPECT_THAT(problems_with({"report={places: {Paris: {lat: 48, lon: 2}}}"}),
              HasSubstr("report.places.Paris: is no name"));
  EXPECT_THAT(problems_with({"report={places: {paris: {lat: 98, lon: 2}}}"}), HasSubstr("report.places.paris.lat"));
  EXPECT_THAT(problems_with({"report={places: []}"}), HasSubstr("report.places: is"));
}

TEST(Regions, SayWhatIsWrong) {
  const auto told = [](const std::string& region) { return problems_with({"regions={here: " + region + "}"}); };
  EXPECT_THAT(told("{lat_min: 10, lat_max: 5}"),
              HasSubstr("regions.here.lat_max: is 5, expected at least lat_min, 10"));
  EXPECT_THAT(told("{lat_max: 95}"), HasSubstr("regions.here.lat_max"));
  EXPECT_THAT(told("{lon_min: 10}"), HasSubstr("expected lon_min and lon_max"));
  EXPECT_THAT(told("{latmin: 10}"), HasSubstr("lat_min"));
  EXPECT_THAT(told("{method: nearest}"), HasSubstr("is of points"));
  EXPECT_THAT(told("{points: {}}"), HasSubstr("expected points by name"));
  EXPECT_THAT(told("{points: [1, 2]}"), HasSubstr("expected points by name"));
  EXPECT_THAT(told("{points: {a: {lat: 1}}}"), HasSubstr("regions.here.points.a.lon: is missing"));
  EXPECT_THAT(told("{points: {a: {lat: 1, lon: 2}}, lat_min: 3}"), HasSubstr("leave one of them out"));
  EXPECT_THAT(told("{points: {A B: {lat: 1, lon: 2}}}"), HasSubstr("is no name"));
  EXPECT_THAT(problems_with({"regions={0: {lat_min: 1}}"}), HasSubstr("is no name"));
  EXPECT_THAT(problems_with({"regions={lagged: {lat_min: 1}}"}), HasSubstr("is no name"));
  EXPECT_THAT(problems_with({"regions=[1]"}), HasSubstr("expected regions by name"));
}

TEST(Regions, ThatNobodyDefinedAreRefusedWithThoseThatAreThere) {
  EXPECT_THAT(problems_with({regions, "output={region: asia}"}),
              HasSubstr("output.region: is 'asia', expected one of europe, cities"));
  EXPECT_THAT(problems_with({"statistics=[{variables: t2m, region: asia}]"}),
              HasSubstr("statistics.0.region: is 'asia', expected a region, and the spec has no regions"));
}

TEST(Regions, StatisticsOfTwoRegionsMayHaveTheSameName) {
  EXPECT_EQ(problems_with({regions, "statistics=[{variables: t2m}, {variables: t2m, region: europe}]"}), "");
  EXPECT_THAT(
      problems_with({regions, "statistics=[{variables: t2m, region: europe}, {variables: t2m, region: europe}]"}),
      HasSubstr("makes t2m_mean"));
}

}  // namespace
}  // namespace hens
