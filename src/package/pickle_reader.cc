#include "package/pickle_reader.h"

#include <algorithm>
#include <array>
#include <bit>
#include <unordered_map>

#include "base/error.h"
#include "package/byte_reader.h"

namespace hens {
namespace {

using Kind = PickleValue::Kind;
using Items = std::vector<PickleValue>;

// A HENS checkpoint's pickle has 20 KB and some 4000 objects; one with optimizer state stays below 1 MB. An object
// costs at most some 300 bytes here, so a hostile pickle gets no more than 100 MB.
constexpr size_t pickle_limit = size_t{16} << 20;
constexpr size_t object_limit = 150'000;
constexpr size_t item_limit = 500'000;  // of all tuples, lists and dicts together; 48 bytes each while they grow
constexpr size_t stack_limit = 100'000;
constexpr size_t rank_limit = 8;

// The globals that mean something here. Storages of torch are known beside them.
enum class Known : uint64_t { ordered_dict, rebuild_tensor, rebuild_parameter, rebuild_from_type, size, storage };

struct KnownName {
  std::string_view module, name;
  Known known;
};
constexpr std::array known_names = {
    KnownName{"collections", "OrderedDict", Known::ordered_dict},
    KnownName{"torch._utils", "_rebuild_tensor_v2", Known::rebuild_tensor},
    KnownName{"torch._utils", "_rebuild_parameter", Known::rebuild_parameter},
    KnownName{"torch._tensor", "_rebuild_from_type_v2", Known::rebuild_from_type},
    KnownName{"torch", "Size", Known::size},
};

constexpr std::array storage_types = {
    StorageType{"FloatStorage", 4},
    StorageType{"ComplexFloatStorage", 8},
    StorageType{"DoubleStorage", 8},
    StorageType{"HalfStorage", 2},
    StorageType{"BFloat16Storage", 2},
    StorageType{"LongStorage", 8},
    StorageType{"IntStorage", 4},
    StorageType{"ShortStorage", 2},
    StorageType{"CharStorage", 1},
    StorageType{"ByteStorage", 1},
    StorageType{"BoolStorage", 1},
    StorageType{"UntypedStorage", 1},
    StorageType{"ComplexDoubleStorage", 16},
};

// A known value carries its Known in the low byte and, for storages, the index of the type above it.
PickleValue known_value(Known known, uint64_t type = 0) {
  PickleValue value{Kind::known};
  value.index = static_cast<uint64_t>(known) | type << 8;
  return value;
}

bool is_known(const PickleValue& value, Known known) {
  return value.kind == Kind::known && (value.index & 0xff) == static_cast<uint64_t>(known);
}

PickleValue global(std::string_view module, std::string_view name) {
  for (const KnownName& entry : known_names) {
    if (entry.module == module && entry.name == name) return known_value(entry.known);
  }
  for (uint64_t k = 0; k < storage_types.size(); ++k) {
    if ((module == "torch" || module == "torch.storage") && storage_types[k].name == name) {
      return known_value(Known::storage, k);
    }
  }
  return {Kind::inert};
}

PickleValue integer_value(int64_t number) {
  PickleValue value{Kind::integer};
  value.integer = number;
  return value;
}

PickleValue boolean_value(bool truth) {
  PickleValue value{Kind::boolean};
  value.integer = truth;
  return value;
}

}  // namespace

// Opcodes by their letter in Python's pickletools, protocols 2 to 5.
class PickleMachine {
 public:
  PickleMachine(const std::string& where, uint64_t first_byte, Pickle& out)
      : where_(where), first_byte_(first_byte), out_(out) {}

  void run() {
    if (take(1)[0] != std::byte{0x80}) wrong("no pickle of protocol 2 or later");
    at_ = 0;
    for (;;) {
      op_at_ = at_;
      const auto op = static_cast<uint8_t>(take(1)[0]);
      if (op == '.') break;
      execute(op);
      check_limits();
    }
    out_.result_ = pop();
    out_.size_ = at_;
  }

 private:
  template <typename... Args>
  [[noreturn]] void wrong(fmt::format_string<Args...> format, Args&&... args) const {
    fail(ExitCode::bad_input, "{}: pickle at byte {}: {}", where_, first_byte_ + op_at_,
         printable(fmt::format(format, std::forward<Args>(args)...)));
  }

  // ---- operands
  std::span<const std::byte> take(uint64_t size) {
    const auto bytes = slice(out_.bytes_, at_, size);
    if (!bytes) wrong("{} bytes needed, {} are left", size, out_.bytes_.size() - at_);
    at_ += size;
    return *bytes;
  }
  template <typename T>
  T number() {
    return load<T>(take(sizeof(T)), 0);
  }
  PickleValue content(Kind kind, uint64_t size) {
    PickleValue value{kind};
    value.offset = at_;
    take(size);
    value.size = static_cast<uint32_t>(size);  // below pickle_limit
    return value;
  }
  PickleValue long_integer(uint64_t size) {
    if (size > 8) return content(Kind::big_integer, size);
    uint64_t bits = 0;
    const auto bytes = take(size);
    for (size_t k = 0; k < size; ++k) bits |= static_cast<uint64_t>(bytes[k]) << (8 * k);
    const int shift = static_cast<int>(64 - 8 * size);
    return integer_value(size == 0 ? 0 : static_cast<int64_t>(bits << shift) >> shift);
  }
  PickleValue real() {
    uint64_t bits = 0;
    for (const std::byte byte : take(8)) bits = bits << 8 | static_cast<uint64_t>(byte);  // big-endian, alone among all
    PickleValue value{Kind::real};
    value.real = std::bit_cast<double>(bits);
    return value;
  }
  std::string_view line() {
    const size_t begin = at_;
    while (take(1)[0] != std::byte{'\n'}) {
    }
    return {reinterpret_cast<const char*>(out_.bytes_.data()) + begin, at_ - begin - 1};
  }

  // ---- stack
  void push(PickleValue value) { stack_.push_back(value); }
  size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
  PickleValue pop() {
    if (stack_.size() <= floor()) wrong("nothing on the stack");
    const PickleValue value = stack_.back();
    stack_.pop_back();
    return value;
  }
  PickleValue& top() {
    if (stack_.size() <= floor()) wrong("nothing on the stack");
    return stack_.back();
  }
  Items pop_many(size_t count) {
    if (stack_.size() - floor() < count) wrong("fewer than {} values on the stack", count);
    Items items(stack_.end() - static_cast<std::ptrdiff_t>(count), stack_.end());
    stack_.resize(stack_.size() - count);
    return items;
  }
  Items pop_to_mark() {
    if (marks_.empty()) wrong("no mark on the stack");
    Items items = pop_many(stack_.size() - marks_.back());
    marks_.pop_back();
    return items;
  }

  // ---- arena
  PickleValue sequence(Kind kind, Items items) {
    PickleValue value{kind};
    value.index = out_.sequences_.size();
    items_ += items.size();
    out_.sequences_.push_back(std::move(items));
    return value;
  }
  PickleValue new_dict() {
    PickleValue value{Kind::dict};
    value.index = out_.dicts_.size();
    out_.dicts_.emplace_back();
    return value;
  }
  void append(const Items& items) {
    const PickleValue target = top();
    if (target.kind == Kind::inert) return;
    if (target.kind != Kind::list) wrong("append to what is no list");
    items_ += items.size();
    auto& list = out_.sequences_[target.index];
    list.insert(list.end(), items.begin(), items.end());
  }
  void set_items(const Items& items) {
    if (items.size() % 2 != 0) wrong("a key without a value");
    const PickleValue target = top();
    if (target.kind == Kind::inert) return;
    if (target.kind != Kind::dict) wrong("item set in what is no dict");
    items_ += items.size();
    auto& dict = out_.dicts_[target.index];
    for (size_t k = 0; k < items.size(); k += 2) dict.emplace_back(items[k], items[k + 1]);
  }
  void check_limits() const {
    if (stack_.size() + marks_.size() > stack_limit) wrong("more than {} values on the stack", stack_limit);
    const size_t objects = out_.sequences_.size() + out_.dicts_.size() + out_.storages_.size() + out_.tensors_.size();
    if (objects + memo_.size() > object_limit) wrong("more than {} objects", object_limit);
    if (items_ > item_limit) wrong("more than {} items of tuples, lists and dicts", item_limit);
  }

  // ---- opcodes: each group hands on what it does not know
  void execute(uint8_t op) {
    switch (op) {
      case 0x80:
        return protocol(number<uint8_t>());
      case 0x95:  // FRAME, a hint for buffered readers
        return void(number<uint64_t>());
      case 'N':
        return push({Kind::none});
      case 0x88:
        return push(boolean_value(true));
      case 0x89:
        return push(boolean_value(false));
      case 'J':
        return push(integer_value(number<int32_t>()));
      case 'K':
        return push(integer_value(number<uint8_t>()));
      case 'M':
        return push(integer_value(number<uint16_t>()));
      case 0x8a:
        return push(long_integer(number<uint8_t>()));
      case 0x8b:
        return push(long_integer(number<uint32_t>()));
      case 'G':
        return push(real());
      default:
        return string(op);
    }
  }

  void string(uint8_t op) {
    switch (op) {
      case 'U':  // Python 2's strings
      case 0x8c:
        return push(content(Kind::text, number<uint8_t>()));
      case 'T':
      case 'X':
        return push(content(Kind::text, number<uint32_t>()));
      case 0x8d:
        return push(content(Kind::text, number<uint64_t>()));
      case 'C':
        return push(content(Kind::bytes, number<uint8_t>()));
      case 'B':
        return push(content(Kind::bytes, number<uint32_t>()));
      case 0x8e:
      case 0x96:
        return push(content(Kind::bytes, number<uint64_t>()));
      default:
        return container(op);
    }
  }

  void container(uint8_t op) {
    switch (op) {
      case ')':
        return push(sequence(Kind::tuple, {}));
      case 0x85:
        return push(sequence(Kind::tuple, pop_many(1)));
      case 0x86:
        return push(sequence(Kind::tuple, pop_many(2)));
      case 0x87:
        return push(sequence(Kind::tuple, pop_many(3)));
      case 't':
        return push(sequence(Kind::tuple, pop_to_mark()));
      case ']':
        return push(sequence(Kind::list, {}));
      case 'l':
        return push(sequence(Kind::list, pop_to_mark()));
      case 'a':
        return append(pop_many(1));
      case 'e':
        return append(pop_to_mark());
      case '}':
        return push(new_dict());
      case 'd':
        return dict_from(pop_to_mark());
      case 's':
        return set_items(pop_many(2));
      case 'u':
        return set_items(pop_to_mark());
      case 0x8f:  // EMPTY_SET: nothing here needs a set
        return push({Kind::inert});
      case 0x90:  // ADDITEMS
        return void((pop_to_mark(), top()));
      case 0x91:  // FROZENSET
        return void((pop_to_mark(), push({Kind::inert})));
      default:
        return stack_or_memo(op);
    }
  }

  void stack_or_memo(uint8_t op) {
    switch (op) {
      case '(':
        return marks_.push_back(stack_.size());
      case '0':
        return pop_or_unmark();
      case '1':
        return void(pop_to_mark());
      case '2':
        return push(top());
      case 'q':
        return remember(number<uint8_t>());
      case 'r':
        return remember(number<uint32_t>());
      case 0x94:
        return remember(static_cast<uint32_t>(memo_.size()));
      case 'h':
        return recall(number<uint8_t>());
      case 'j':
        return recall(number<uint32_t>());
      default:
        return object(op);
    }
  }

  void object(uint8_t op) {
    switch (op) {
      case 'c':
        return named_global();
      case 0x93:
        return stack_global();
      case 'R':
        return reduce(pop_many(2));
      case 0x81:
        return new_object(pop_many(2));
      case 0x92:  // NEWOBJ_EX
        return void((pop_many(3), push({Kind::inert})));
      case 'b':  // BUILD: attributes of objects mean nothing here
        return void((pop(), top()));
      case 'Q':
        return persistent(pop());
      default:
        wrong("opcode 0x{:02x} is not one that checkpoints use", op);
    }
  }

  void protocol(int version) const {
    if (version < 2 || version > 5) wrong("protocol {}; supported: 2 to 5", version);
  }
  void pop_or_unmark() {
    if (!marks_.empty() && marks_.back() == stack_.size()) {
      marks_.pop_back();
    } else {
      pop();
    }
  }
  void dict_from(const Items& items) {
    push(new_dict());
    set_items(items);
  }
  void remember(uint32_t index) { memo_[index] = top(); }
  void recall(uint32_t index) {
    const auto found = memo_.find(index);
    if (found == memo_.end()) wrong("nothing was remembered as {}", index);
    push(found->second);
  }

  // ---- globals and what they make
  void named_global() {
    const std::string_view module = line(), name = line();
    push(global(module, name));
  }
  void stack_global() {
    const Items names = pop_many(2);
    const bool texts = names[0].kind == Kind::text && names[1].kind == Kind::text;
    if (!texts) wrong("a global's names must be text");
    push(global(out_.text(names[0]), out_.text(names[1])));
  }
  void new_object(const Items& parts) {
    push(is_known(parts[0], Known::ordered_dict) ? new_dict() : PickleValue{Kind::inert});
  }
  void reduce(const Items& parts) {
    if (parts[1].kind != Kind::tuple && parts[1].kind != Kind::inert) wrong("arguments that are no tuple");
    push(parts[1].kind == Kind::tuple ? call(parts[0], parts[1]) : PickleValue{Kind::inert});
  }

  PickleValue call(const PickleValue& callable, const PickleValue& arguments) {
    const Items& args = out_.items(arguments);
    if (is_known(callable, Known::rebuild_from_type)) {
      // (function, type, arguments, attributes): a subclass of Tensor that hens treats as the tensor it is made from.
      if (args.size() != 4 || args[2].kind != Kind::tuple) wrong("_rebuild_from_type_v2 has other arguments");
      return rebuild(args[0], out_.items(args[2]));
    }
    return rebuild(callable, args);
  }

  PickleValue rebuild(const PickleValue& callable, const Items& args) {
    if (is_known(callable, Known::rebuild_tensor)) return tensor(args);
    if (is_known(callable, Known::rebuild_parameter)) {
      if (args.empty()) wrong("a parameter without its tensor");
      return args[0];
    }
    if (is_known(callable, Known::ordered_dict) && args.empty()) return new_dict();
    if (is_known(callable, Known::size) && args.size() == 1) return args[0];
    return {Kind::inert};
  }

  // Arguments of torch._utils._rebuild_tensor_v2: storage, offset, size, stride, requires_grad, hooks[, metadata].
  PickleValue tensor(const Items& args) {
    if (args.size() < 4 || args[0].kind != Kind::storage)
      wrong("a tensor without its storage, offset, size and stride");
    PickledTensor made;
    made.storage = out_.storages_[args[0].index];
    made.offset = whole(args[1], "offset");
    made.shape = dimensions(args[2], "size");
    made.stride = dimensions(args[3], "stride");
    if (made.shape.size() != made.stride.size())
      wrong("a tensor with {} sizes and {} strides", made.shape.size(), made.stride.size());
    made.conjugated = args.size() > 6 && !is_empty(args[6]);
    PickleValue value{Kind::tensor};
    value.index = out_.tensors_.size();
    out_.tensors_.push_back(std::move(made));
    return value;
  }
  bool is_empty(const PickleValue& value) const {
    return value.kind == Kind::none || (value.kind == Kind::dict && out_.dict(value).empty());
  }
  uint64_t whole(const PickleValue& value, const char* what) const {
    if (value.kind != Kind::integer || value.integer < 0) wrong("the {} is no whole number", what);
    return static_cast<uint64_t>(value.integer);
  }
  std::vector<int64_t> dimensions(const PickleValue& value, const char* what) const {
    if (value.kind != Kind::tuple || out_.items(value).size() > rank_limit) wrong("the {} is no short tuple", what);
    std::vector<int64_t> numbers;
    for (const PickleValue& item : out_.items(value)) numbers.push_back(static_cast<int64_t>(whole(item, what)));
    return numbers;
  }

  // ('storage', type, key, location, elements[, view]). Other persistent ids (source code of modules) are inert.
  void persistent(const PickleValue& id) {
    if (id.kind != Kind::tuple || out_.items(id).empty()) wrong("a persistent id that is no tuple");
    const Items& parts = out_.items(id);
    if (parts[0].kind != Kind::text || out_.text(parts[0]) != "storage") return push({Kind::inert});
    if (parts.size() < 5 || parts[2].kind != Kind::text) wrong("a storage without type, key, location and size");
    if (!is_known(parts[1], Known::storage)) wrong("storage {} has an unknown type", out_.text(parts[2]));
    if (parts.size() > 5 && parts[5].kind != Kind::none) wrong("storage {} is a view of another", out_.text(parts[2]));
    PickleValue value{Kind::storage};
    value.index = out_.storages_.size();
    out_.storages_.push_back(
        {storage_types[parts[1].index >> 8], out_.text(parts[2]), whole(parts[4], "storage's size")});
    push(value);
  }

  const std::string& where_;
  uint64_t first_byte_;
  Pickle& out_;
  size_t at_ = 0, op_at_ = 0;
  Items stack_;
  std::vector<size_t> marks_;
  std::unordered_map<uint32_t, PickleValue> memo_;
  size_t items_ = 0;  // of all sequences and dicts
};

Pickle::Pickle(const std::string& where, std::span<const std::byte> bytes, uint64_t first_byte)
    : bytes_(bytes.first(std::min(bytes.size(), pickle_limit))) {
  PickleMachine(where, first_byte, *this).run();
}

std::string_view Pickle::text(const PickleValue& value) const {
  return {reinterpret_cast<const char*>(bytes_.data()) + value.offset, value.size};
}

std::optional<PickleValue> Pickle::find(const PickleValue& dict, std::string_view key) const {
  const Dict& entries = this->dict(dict);
  for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
    if (entry->first.kind == Kind::text && text(entry->first) == key) return entry->second;
  }
  return std::nullopt;
}

}  // namespace hens
