#include "package/npy.h"

#include <algorithm>
#include <bit>
#include <cctype>
#include <cstring>
#include <string_view>

#include "base/error.h"
#include "base/file_kind.h"
#include "package/byte_reader.h"

namespace hens {
namespace {

static_assert(std::endian::native == std::endian::little, "elements are copied as they lie in the file");

constexpr std::string_view magic = "\x93NUMPY";
constexpr size_t header_limit = 64 * 1024;
constexpr size_t rank_limit = 32;
constexpr uint64_t file_limit = uint64_t{1} << 32;

size_t element_size(const fs::path& path, std::string_view dtype) {
  if (dtype == "<f4" || dtype == "<i4") return 4;
  if (dtype == "<f8" || dtype == "<i8") return 8;
  fail(ExitCode::bad_input, "{}: element type '{}'; supported: <f4, <f8, <i4, <i8", path.string(),
       printable(std::string(dtype)));
}

// The dictionary literal of the header, e.g. {'descr': '<f4', 'fortran_order': False, 'shape': (1, 74, 1, 1), }
class HeaderScanner {
 public:
  HeaderScanner(const fs::path& path, std::string_view text) : path_(path), text_(text) {}

  void parse(NpyArray& array) {
    expect('{');
    while (!accept('}')) {
      entry(array);
      if (!accept(',') && peek() != '}') wrong("',' or '}'");
    }
    if (seen_ != 7) wrong("descr, fortran_order and shape");
    skip_space();
    if (at_ != text_.size()) wrong("the end of the header");
  }

 private:
  [[noreturn]] void wrong(std::string_view expected) const {
    fail(ExitCode::bad_input, "{}: .npy header at character {}: {} expected", path_.string(), at_, expected);
  }

  void entry(NpyArray& array) {
    const std::string key = quoted();
    expect(':');
    if (key == "descr") {
      once(1), array.dtype = quoted();
    } else if (key == "fortran_order") {
      once(2);
      if (!word("False")) wrong("False (C order)");
    } else if (key == "shape") {
      once(4), array.shape = tuple();
    } else {
      wrong("one of descr, fortran_order, shape");
    }
  }

  void once(int bit) {
    if (seen_ & bit) wrong("each key once");
    seen_ |= bit;
  }

  std::string quoted() {
    skip_space();
    const char quote = peek();
    if (quote != '\'' && quote != '"') wrong("a quoted word");
    const size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) wrong("a closing quote");
    std::string value(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    return value;
  }

  std::vector<int64_t> tuple() {
    std::vector<int64_t> shape;
    expect('(');
    while (!accept(')')) {
      if (shape.size() == rank_limit) wrong("at most 32 dimensions");
      shape.push_back(number());
      if (!accept(',') && peek() != ')') wrong("',' or ')'");
    }
    return shape;
  }

  int64_t number() {
    skip_space();
    int64_t value = 0;
    const size_t start = at_;
    for (; std::isdigit(static_cast<unsigned char>(peek())); ++at_) {
      if (at_ - start == 15) wrong("a dimension of at most 15 digits");
      value = value * 10 + (text_[at_] - '0');
    }
    if (at_ == start) wrong("a whole number");
    return value;
  }

  bool word(std::string_view expected) {
    skip_space();
    if (!text_.substr(at_).starts_with(expected)) return false;
    at_ += expected.size();
    return true;
  }

  bool accept(char c) {
    skip_space();
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!accept(c)) wrong(std::string("'") + c + "'");
  }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip_space() {
    while (std::isspace(static_cast<unsigned char>(peek()))) ++at_;
  }

  const fs::path& path_;
  std::string_view text_;
  size_t at_ = 0;
  int seen_ = 0;
};

struct HeaderPlace {
  size_t begin, size;
};

// Versions 2 and 3 differ from 1 in the width of the header's length.
HeaderPlace header_place(const fs::path& path, std::string_view file) {
  const auto byte = [&](size_t i) { return static_cast<size_t>(static_cast<unsigned char>(file[i])); };
  if (file.size() < 12 || !file.starts_with(magic)) {
    fail(ExitCode::bad_input, "{}: is no .npy file: it does not begin with \\x93NUMPY{}", path.string(),
         file_kind_hint(std::as_bytes(std::span(file))));
  }
  if (byte(6) < 1 || byte(6) > 3) {
    fail(ExitCode::bad_input, "{}: .npy version {}; supported: 1 to 3", path.string(), byte(6));
  }
  const bool wide = byte(6) > 1;
  const size_t size = byte(8) | byte(9) << 8 | (wide ? byte(10) << 16 | byte(11) << 24 : 0);
  const size_t begin = wide ? 12 : 10;
  if (size > header_limit || size > file.size() - begin) {
    fail(ExitCode::bad_input, "{}: .npy header of {} bytes does not fit the file of {} bytes", path.string(), size,
         file.size());
  }
  return {begin, size};
}

// Bytes of `shape`. Throws where that is more than `available`; zero dimensions make no product overflow.
uint64_t checked_bytes(const fs::path& path, const NpyArray& array, size_t element, uint64_t available) {
  uint64_t elements = 1;
  for (const int64_t n : array.shape) {
    if (n == 0) return 0;
    if (static_cast<uint64_t>(n) > available / element / elements) {
      fail(ExitCode::bad_input, "{}: its shape needs more than the {} bytes that follow the header", path.string(),
           available);
    }
    elements *= static_cast<uint64_t>(n);
  }
  return elements * element;
}

template <typename From, typename To>
std::vector<To> convert(std::string_view data) {
  std::vector<To> values(data.size() / sizeof(From));
  for (size_t i = 0; i < values.size(); ++i) {
    From value;
    std::memcpy(&value, data.data() + i * sizeof(From), sizeof(From));
    values[i] = static_cast<To>(value);
  }
  return values;
}

}  // namespace

int64_t NpyArray::elements() const {
  int64_t product = 1;
  for (const int64_t n : shape) product *= n;
  return product;
}

template <typename T>
std::vector<T> NpyArray::as() const {
  if (dtype == "<f4") return convert<float, T>(data);
  if (dtype == "<f8") return convert<double, T>(data);
  if (dtype == "<i4") return convert<int32_t, T>(data);
  return convert<int64_t, T>(data);
}
template std::vector<float> NpyArray::as() const;
template std::vector<double> NpyArray::as() const;

NpyArray read_npy(const fs::path& path) {
  std::string file = read_file(path, file_limit);
  const auto [begin, size] = header_place(path, file);
  NpyArray array;
  HeaderScanner(path, std::string_view(file).substr(begin, size)).parse(array);
  const size_t element = element_size(path, array.dtype);
  const uint64_t available = file.size() - begin - size;
  const uint64_t needed = checked_bytes(path, array, element, available);
  if (needed != available) {
    fail(ExitCode::bad_input, "{}: its shape needs {} bytes, {} follow the header", path.string(), needed, available);
  }
  file.erase(0, begin + size);
  array.data = std::move(file);
  return array;
}

std::string npy_bytes(std::span<const float> values, const std::vector<int64_t>& shape) {
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (";
  for (const int64_t n : shape) header += fmt::format("{}, ", n);
  if (shape.size() > 1) header.resize(header.size() - 2);
  if (shape.size() == 1) header.pop_back();  // NumPy writes (74,)
  header += "), }";
  // NumPy pads with spaces so that the data begin at a multiple of 64 bytes.
  header.append(63 - (10 + header.size()) % 64, ' ');
  header += '\n';
  std::string bytes(magic);
  bytes += {'\1', '\0', static_cast<char>(header.size() & 0xff), static_cast<char>(header.size() >> 8)};
  bytes += header;
  bytes.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
  return bytes;
}

}  // namespace hens
