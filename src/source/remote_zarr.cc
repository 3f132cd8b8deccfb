#include "source/remote_zarr.h"

#include <algorithm>
#include <future>
#include <map>

#include "base/error.h"

namespace hens {
namespace {

std::string encoded(std::string_view key) {
  std::string text;
  for (const char c : key) {
    const bool plain =
        std::isalnum(static_cast<unsigned char>(c)) || std::string_view("/-._~").find(c) != std::string_view::npos;
    text += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return text;
}

ByteRange range_of(const ObjectPart& part) {
  if (part.kind == ObjectPart::Kind::tail) return {.tail = part.size};
  return {part.offset, part.offset + part.size - 1};
}

}  // namespace

std::string object_url(const std::string& url, const std::string& key) {
  const size_t query = url.find('?');
  std::string path = url.substr(0, query);
  while (path.ends_with('/')) path.pop_back();
  // Addresses of buckets and of the hub are encoded where they become addresses of the web.
  const bool of_web = url.starts_with("http");
  return path + "/" + (of_web ? encoded(key) : key) + (query == std::string::npos ? "" : url.substr(query));
}

// Parts of one object: whole, or ranges that become as few requests as there are neighbours.
std::vector<fs::path> RemoteZarr::bring_of_one(const std::vector<ObjectPart>& parts) const {
  const std::string url = object_url(url_, parts.front().key);
  std::vector<fs::path> paths;
  try {
    if (parts.front().kind == ObjectPart::Kind::whole) {
      paths.assign(parts.size(), downloader_.file(url).path);
      return paths;
    }
    std::vector<ByteRange> ranges;
    for (const ObjectPart& part : parts) ranges.push_back(range_of(part));
    for (const Fetched& fetched : downloader_.ranges(url, ranges)) paths.push_back(fetched.path);
    return paths;
  } catch (const Error& error) {
    const bool hidden = error.code() == ExitCode::credentials ||
                        (error.code() == ExitCode::unavailable && downloader_.options().offline);
    if (error.code() != ExitCode::missing_input && !(hidden && parts.front().optional)) throw;
    return std::vector<fs::path>(parts.size());
  }
}

std::vector<fs::path> RemoteZarr::bring(const std::vector<ObjectPart>& parts) const {
  std::map<std::pair<std::string, ObjectPart::Kind>, std::vector<size_t>> objects;
  for (size_t k = 0; k < parts.size(); ++k) objects[{parts[k].key, parts[k].kind}].push_back(k);
  std::vector<fs::path> paths(parts.size());
  std::vector<std::pair<std::vector<size_t>, std::future<std::vector<fs::path>>>> under_way;
  const auto take_first = [&] {
    const std::vector<fs::path> brought = under_way.front().second.get();
    for (size_t k = 0; k < brought.size(); ++k) paths[under_way.front().first[k]] = brought[k];
    under_way.erase(under_way.begin());
  };
  for (const auto& [object, places] : objects) {
    if (under_way.size() >= static_cast<size_t>(std::max(1, downloader_.options().parallel))) take_first();
    std::vector<ObjectPart> of_one;
    for (const size_t place : places) of_one.push_back(parts[place]);
    under_way.emplace_back(places, std::async(std::launch::async, [this, of_one] { return bring_of_one(of_one); }));
  }
  while (!under_way.empty()) take_first();
  return paths;
}

}  // namespace hens
