// The objects of a Zarr store at an address, brought one by one through the downloader and its cache: whole chunks, or,
// of a shard, its index and the chunks that are wanted.
#pragma once

#include <string>
#include <vector>

#include "net/download.h"
#include "source/zarr_objects.h"

namespace hens {

// Where object `key` of the store at `url` is: behind the path, before a query (`?region=eu-west-1`).
std::string object_url(const std::string& url, const std::string& key);

// Thread-safe.
class RemoteZarr {
 public:
  RemoteZarr(std::string url, Downloader& downloader) : url_(std::move(url)), downloader_(downloader) {}

  // A file of each part's bytes alone; empty where the store has no such object. Throws the downloader's errors. A part
  // that is optional is not there, too, where a store says no more than that nobody may see it (an object that is
  // missing from a bucket that cannot be listed), or where it would have to be fetched offline.
  std::vector<fs::path> bring(const std::vector<ObjectPart>& parts) const;

 private:
  std::vector<fs::path> bring_of_one(const std::vector<ObjectPart>& parts) const;

  std::string url_;
  Downloader& downloader_;
};

}  // namespace hens
