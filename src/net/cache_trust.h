// Whether a cache may be believed. Names in a cache can be guessed, and what lies under them goes into forecasts:
// whoever can write there can put links, digests and packages of their own in hens' way. Not thread-safe with changes
// of the folder; called once, when a cache is opened.
#pragma once

#include <filesystem>

namespace hens {

// Refuses `cache` and the folders of ours in it where another user could have made them. Each has to be a folder (of
// the folders inside: no link), and to belong to this user, to root, or to a user that HENS_CACHE_TRUST names (names or
// numbers, by commas). Folders inside that everybody may write to are refused; the cache itself may be such a folder,
// as /tmp or a Kubernetes volume is. Groups may share a cache: they are trusted by whoever gave the folder to them. For
// root every owner and mode is right, since a container's root reads the folders of whoever started it. What does not
// exist is right.
//
// Throws Error{cannot_create} naming the folder, its owner and what to do.
void check_cache_trust(const std::filesystem::path& cache);

}  // namespace hens
