#include "source/dataset.h"

#include <algorithm>
#include <limits>

namespace hens {

size_t DatasetVariable::size() const {
  size_t size = 1;
  for (const size_t length : shape) {
    if (__builtin_mul_overflow(size, length, &size)) return std::numeric_limits<size_t>::max();
  }
  return size;
}

const DatasetVariable* Dataset::find(const std::string& name) const {
  const auto found = std::ranges::find(variables_, name, &DatasetVariable::name);
  return found == variables_.end() ? nullptr : &*found;
}

}  // namespace hens
