// Work that falls into independent rows, on all cores that this process may use.
#pragma once

#include <cstdint>
#include <functional>

namespace hens {

// Calls rows(first, last) for consecutive parts of [0, count), several at a time, each row once; returns when all are
// done. Which rows one call has is not said: what a row becomes must not depend on it. Throws what the first part that
// failed threw, after the others have ended.
void parallel_for(int64_t count, const std::function<void(int64_t first, int64_t last)>& rows);

// Calls row(k) for each k of [0, count), several at a time. Where some fail, throws what the lowest of them threw: what
// is complained of does not depend on which came first. Rows above one that failed may be left out.
void parallel_in_order(int64_t count, const std::function<void(int64_t row)>& row);

}  // namespace hens
