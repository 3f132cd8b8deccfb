#include "source/netcdf_classic.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include "base/error.h"

namespace hens {
namespace {

constexpr uint64_t too_large = uint64_t{1} << 60;

// The product, or too_large.
uint64_t bounded_product(uint64_t a, uint64_t b) {
  uint64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? too_large : std::min(product, too_large);
}

uint64_t padded(uint64_t size) { return (size + 3) / 4 * 4; }

class HeaderReader {
 public:
  HeaderReader(std::span<const std::byte> bytes, const std::string& origin) : bytes_(bytes), origin_(origin) {
    version_ = std::to_integer<int>(bytes[3]);
    skip(4);
  }

  uint64_t number(size_t size) {
    require(size);
    uint64_t value = 0;
    for (size_t i = 0; i < size; ++i) value = value << 8 | std::to_integer<uint64_t>(bytes_[at_ + i]);
    at_ += size;
    return value;
  }
  uint64_t count() { return number(version_ == 5 ? 8 : 4); }
  uint64_t offset() { return number(version_ == 1 ? 4 : 8); }
  uint64_t streaming() const { return version_ == 5 ? ~uint64_t{0} : 0xffffffff; }
  void skip(uint64_t size) {
    require(size);
    at_ += size;
  }
  void skip_name() { skip(padded(std::min(count(), too_large))); }
  void skip_attributes() {
    number(4);
    for (uint64_t n = count(); n > 0; --n) {
      skip_name();
      const uint64_t type = number(4);
      skip(padded(bounded_product(count(), type_size(type))));
    }
  }
  uint64_t type_size(uint64_t type) const {
    static constexpr uint64_t sizes[]{0, 1, 1, 2, 4, 4, 8, 1, 2, 4, 8, 8};
    if (type < 1 || type > 11) damaged();
    return sizes[type];
  }
  [[noreturn]] void damaged() const {
    fail(ExitCode::bad_input, "{}: the netCDF header is damaged or truncated near byte {}; fetch the file again",
         origin_, at_);
  }

 private:
  void require(uint64_t size) const {
    if (size > bytes_.size() - at_) damaged();
  }
  std::span<const std::byte> bytes_;
  const std::string& origin_;
  int version_ = 0;
  size_t at_ = 0;
};

struct Variable {
  bool is_record = false;
  uint64_t size = 0;  // of one record, or of all
  uint64_t begin = 0;
};

Variable read_variable(HeaderReader& header, const std::vector<uint64_t>& dimensions) {
  Variable variable;
  variable.size = 1;
  header.skip_name();
  const uint64_t rank = header.count();
  for (uint64_t d = 0; d < rank; ++d) {
    const uint64_t id = header.count();
    if (id >= dimensions.size()) header.damaged();
    variable.is_record = variable.is_record || (d == 0 && dimensions[id] == 0);
    if (d > 0 || dimensions[id] > 0) variable.size = bounded_product(variable.size, dimensions[id]);
  }
  header.skip_attributes();
  variable.size = bounded_product(variable.size, header.type_size(header.number(4)));
  header.count();  // vsize: what `size` says, unless it overflowed
  variable.begin = std::min(header.offset(), too_large);
  return variable;
}

}  // namespace

void check_classic_netcdf(std::span<const std::byte> bytes, const std::string& origin) {
  if (bytes.size() < 4 || std::memcmp(bytes.data(), "CDF", 3) != 0) return;
  HeaderReader header(bytes, origin);
  const uint64_t records = header.count();
  std::vector<uint64_t> dimensions;
  header.number(4);
  for (uint64_t n = header.count(); n > 0; --n) {
    header.skip_name();
    dimensions.push_back(header.count());
  }
  header.skip_attributes();
  std::vector<Variable> variables;
  header.number(4);
  for (uint64_t n = header.count(); n > 0; --n) variables.push_back(read_variable(header, dimensions));

  uint64_t record_size = 0;
  const auto count = std::ranges::count_if(variables, &Variable::is_record);
  for (const Variable& variable : variables) {
    if (variable.is_record)
      record_size = std::min(record_size + (count > 1 ? padded(variable.size) : variable.size), too_large);
  }
  uint64_t end = 0;
  for (const Variable& variable : variables) {
    if (variable.is_record && (records == 0 || records == header.streaming())) continue;
    const uint64_t earlier = variable.is_record ? bounded_product(records - 1, record_size) : 0;
    end = std::max(end, variable.begin + variable.size + earlier);
  }
  if (end > bytes.size()) {
    fail(ExitCode::bad_input, "{}: truncated: its variables end at byte {}, the file at {}; fetch it again", origin,
         end, bytes.size());
  }
}

}  // namespace hens
