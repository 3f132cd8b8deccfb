#include "net/url.h"

#include <cstdlib>
#include <functional>

#include <gtest/gtest.h>

#include "base/error.h"

namespace hens {
namespace {

const Mirrors no_mirrors;

std::string address(const std::string& url, const Mirrors& mirrors = no_mirrors) {
  return resolve_url(url, mirrors, "us-east-1").text();
}

TEST(ResolveUrl, LocalFilesAreThemselves) {
  EXPECT_EQ(resolve_url("data/file.nc", no_mirrors, "").local, "data/file.nc");
  EXPECT_EQ(resolve_url("/data/file.nc", no_mirrors, "").local, "/data/file.nc");
  EXPECT_EQ(resolve_url("file:///data/a%20b", no_mirrors, "").local, "/data/a b");
  EXPECT_EQ(resolve_url("file://localhost/data", no_mirrors, "").local, "/data");
  EXPECT_TRUE(resolve_url("/data", no_mirrors, "").http.empty());
}

TEST(ResolveUrl, S3IsAnonymousHttpsInItsRegion) {
  EXPECT_EQ(address("s3://noaa-gfs-bdp-pds/gfs.20240101/00/x.idx"),
            "https://noaa-gfs-bdp-pds.s3.us-east-1.amazonaws.com/gfs.20240101/00/x.idx");
  EXPECT_EQ(address("s3://bucket/a b+c/d?e?region=eu-west-1"),
            "https://bucket.s3.eu-west-1.amazonaws.com/a%20b%2Bc/d%3Fe");
  EXPECT_EQ(address("s3://dotted.bucket/key"), "https://s3.us-east-1.amazonaws.com/dotted.bucket/key");
  EXPECT_EQ(address("s3://bucket/key?region=x", {.s3 = "http://localhost:9000/"}), "http://localhost:9000/bucket/key");
}

TEST(ResolveUrl, GooglesBucketsArePlainHttps) {
  EXPECT_EQ(address("gs://weatherbench2/a b/.zmetadata"),
            "https://storage.googleapis.com/weatherbench2/a%20b/.zmetadata");
  EXPECT_EQ(address("gs://bucket/key", {.https = "http://localhost:9000"}),
            "http://localhost:9000/storage.googleapis.com/bucket/key");
}

TEST(ResolveUrl, HubAddressesResolveARevision) {
  EXPECT_EQ(address("hf://datasets/owner/name/folder/file.npy"),
            "https://huggingface.co/datasets/owner/name/resolve/main/folder/file.npy");
  EXPECT_EQ(address("hf://datasets/owner/name@v1/file"), "https://huggingface.co/datasets/owner/name/resolve/v1/file");
  EXPECT_EQ(address("hf://owner/name/file"), "https://huggingface.co/owner/name/resolve/main/file");
  EXPECT_EQ(address("hf://datasets/owner/name/file", {.hf = "http://localhost:1"}),
            "http://localhost:1/datasets/owner/name/resolve/main/file");
}

TEST(ResolveUrl, MirrorsReplaceHosts) {
  EXPECT_EQ(address("https://example.org:8443/a/b%20c?d", {.https = "http://localhost:1/base"}),
            "http://localhost:1/base/example.org:8443/a/b%20c?d");
  EXPECT_EQ(address("http://example.org/a", {.https = "http://localhost:1"}), "http://example.org/a");
  EXPECT_EQ(address("HTTPS://example.org/a"), "HTTPS://example.org/a");
  EXPECT_EQ(resolve_url("s3://bucket/key", {.s3 = "/data/mirror"}, "x").local, "/data/mirror/bucket/key");
  EXPECT_EQ(resolve_url("s3://bucket/a b", {.s3 = "file:///data"}, "x").local, "/data/bucket/a b");
}

TEST(ResolveUrl, RefusesWhatItCannotMean) {
  for (const char* url : {"",
                          "ftp://host/file",
                          "abfs://bucket/key",
                          "gs://bucket",
                          "s3://bucket",
                          "s3://bucket/",
                          "s3:///key",
                          "s3://bu cket/key",
                          "s3://evil.com#/key",
                          "s3://bucket/key?region=",
                          "s3://b/k?region=evil.com/",
                          "hf://datasets/owner/name",
                          "hf://datasets/owner/name/",
                          "hf://datasets",
                          "hf://datasets/o//x",
                          "hf://datasets/owner/name@/x",
                          "https://",
                          "https:///path",
                          "https://host/a b",
                          "file://host/path",
                          "file://",
                          "file:///a%2",
                          "file:///a%zz",
                          "https://host/a\nb",
                          "https://user:secret@host/a"}) {
    try {
      address(url);
      ADD_FAILURE() << "'" << url << "' was taken";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::bad_input) << url;
      EXPECT_EQ(std::string(error.what()).find("secret"), std::string::npos) << "passwords do not belong in logs";
    }
  }
  EXPECT_THROW(address("s3://bucket/key", {.s3 = "ftp://x"}), Error);
}

TEST(S3Region, ComesFromTheEnvironment) {
  unsetenv("AWS_REGION"), unsetenv("AWS_DEFAULT_REGION");
  EXPECT_EQ(default_s3_region(), "us-east-1");
  setenv("AWS_DEFAULT_REGION", "eu-north-1", 1);
  EXPECT_EQ(default_s3_region(), "eu-north-1");
  setenv("AWS_REGION", "ap-south-1", 1);
  EXPECT_EQ(default_s3_region(), "ap-south-1");
  unsetenv("AWS_REGION"), unsetenv("AWS_DEFAULT_REGION");
}

TEST(CanonicalUrl, IsOneForAllSpellings) {
  EXPECT_EQ(canonical_url("s3://bucket/key?region=eu-west-1"), "s3://bucket/key");
  EXPECT_EQ(canonical_url("https://host/a?b#c"), "https://host/a?b");
  EXPECT_EQ(canonical_url("HF://datasets/a/b/c"), "hf://datasets/a/b/c");
}

TEST(CachePath, KeepsNamesTogetherAndNeverLeavesTheCache) {
  EXPECT_EQ(cache_path("hf://datasets/owner/name@v1/pkg/config.json"), "hf/datasets/owner/name@v1/pkg/config.json");
  EXPECT_EQ(cache_path("https://host:8080/a/b.bin"), "https/host:8080/a/b.bin");
  for (const char* url : {"s3://b/../../etc/passwd", "s3://b/./a", "s3://b//a", "s3://b/a/", "https://h/a?b",
                          "s3://b/.hidden", "s3://b/a b", "https://h/%2e%2e/a",
                          "https://h"
                          "/\x01"}) {
    const fs::path path = cache_path(url);
    EXPECT_EQ(path.begin()->string(), "hashed") << url;
    EXPECT_EQ(std::distance(path.begin(), path.end()), 2) << url;
  }
  EXPECT_EQ(cache_path("s3://b/" + std::string(201, 'x')).begin()->string(), "hashed");
}

}  // namespace
}  // namespace hens
