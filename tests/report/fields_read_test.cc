// Which members' files the reports read.
#include "report/fields_read.h"

#include <gtest/gtest.h>

namespace hens {
namespace {

JobSpec job() {
  JobSpec spec;
  spec.name = "test";
  spec.models = {"a", "b"};
  spec.forecast.steps = {4};
  spec.initial_conditions.times = {Time{}};
  OutputSpec output;
  output.variables = {"u10m", "v10m", "t2m"};
  spec.output = {output};
  return spec;
}

TEST(FieldsRead, MapsReadTheWindAlone) {
  const auto read = fields_of_reports(job());
  EXPECT_TRUE(read("hens_0.zarr/u10m/c/0/0/0/0/0"));
  EXPECT_TRUE(read("hens_1.zarr/v10m/c/0/0/0/0/0"));
  EXPECT_FALSE(read("hens_0.zarr/t2m/c/0/0/0/0/0"));
  EXPECT_FALSE(read("hens_2.zarr/u10m/c/0"));
  EXPECT_FALSE(read("tracks/tc/x.csv"));
}

TEST(FieldsRead, WithoutMapsNothingIsRead) {
  JobSpec spec = job();
  spec.report.maps = false;
  EXPECT_FALSE(fields_of_reports(spec)("hens_0.zarr/u10m/c/0/0/0/0/0"));
}

TEST(FieldsRead, PlumesReadEveryVariable) {
  JobSpec spec = job();
  spec.report.places = {NamedPoint{"paris", 48.85, 2.35}};
  EXPECT_TRUE(fields_of_reports(spec)("hens_0.zarr/t2m/c/0/0/0/0/0"));
}

TEST(FieldsRead, AFileThatIsOfNoVariableMayHoldAny) {
  JobSpec spec = job();
  spec.output[0].format = StoreFormat::netcdf;
  EXPECT_TRUE(fields_of_reports(spec)("hens_0.netcdf/member_0000.nc"));
}

}  // namespace
}  // namespace hens
