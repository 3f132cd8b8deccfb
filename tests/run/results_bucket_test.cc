// Names in a bucket: which become paths, and which are records.
#include "run/results_bucket.h"

#include <atomic>

#include <gtest/gtest.h>

#include "base/error.h"

namespace hens {
namespace {

TEST(ResultsBucket, PathsThatLeadElsewhereAreNone) {
  for (const char* path : {"run.json", "members/a.json", "nsteps_0004/hens_0.zarr/u10m/c/0/0", "tracks/tc/b.csv"}) {
    EXPECT_TRUE(is_safe_path(path)) << path;
  }
  for (const char* path : {"", "/", "/etc/passwd", "../x", "members/../../x", "members/./x", "members//x", "members/",
                           "members/a\\b", "members/a\nb", "..", "a/.."}) {
    EXPECT_FALSE(is_safe_path(path)) << path;
  }
  EXPECT_FALSE(is_safe_path(std::string(2000, 'a')));
}

TEST(ResultsBucket, RecordsAreKnownByTheirFolder) {
  for (const char* path :
       {"run.json", "attempts/0001.json", "members/x.json", "statistics/a.part", "tracks/tc/x.csv"}) {
    EXPECT_TRUE(is_record(path)) << path;
  }
  for (const char* path : {"members.csv", "report.html", "hens_0.zarr/zarr.json", "members", "hens_0.zarr/members/x",
                           "statistics_0.zarr/zarr.json"}) {
    EXPECT_FALSE(is_record(path)) << path;
  }
}

TEST(ResultsBucket, RequestsRunOnceEachAndTheFirstErrorEndsThem) {
  std::vector<std::atomic<int>> done(1000);
  for_each_request(done.size(), [&](size_t k) { ++done[k]; });
  for (const auto& count : done) EXPECT_EQ(count, 1);
  EXPECT_THROW(for_each_request(1000,
                                [](size_t k) {
                                  if (k == 7) fail(ExitCode::unavailable, "seven");
                                }),
               Error);
  for_each_request(0, [](size_t) { ADD_FAILURE(); });
}

TEST(ResultsBucket, AWrongAddressIsRefusedBeforeAnythingIsSent) {
  EXPECT_THROW(ResultsBucket("s3://no", {}, Log::none(), {}), Error);
}

}  // namespace
}  // namespace hens
