// The nearest known word to a mistyped one, for error messages.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hens {

// Number of single-character insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`
// (Damerau's optimal string alignment).
int edit_distance(std::string_view a, std::string_view b);

// The candidate nearest to `word`; empty where none is near enough to be meant (more than a third of the word changed,
// at least 2 edits allowed).
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

// " (did you mean 'x'?)" or nothing.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace hens
