// The data of a Python pickle, as far as PyTorch's checkpoints go: read by a small machine that can only build data.
//
// A pickle is a program. This machine knows the opcodes that build numbers, strings, tuples, lists, dicts and tensor
// descriptions; it imports nothing and calls nothing. The few callables that checkpoints need are known by name and
// done here (`Known` in the source); every other global, and whatever is made by it, becomes an inert value that
// swallows its arguments. Values refer to each other by index into one arena, so that nesting, sharing and cycles cost
// neither recursion nor copies: time and memory are bounded by the pickle's size, and that by limits of its own. Pure
// and thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/files.h"

namespace hens {

struct PickleValue {
  enum class Kind : uint8_t {
    none,
    boolean,
    integer,
    big_integer,
    real,
    text,
    bytes,
    tuple,
    list,
    dict,
    known,
    storage,
    tensor,
    inert
  };
  Kind kind = Kind::none;
  uint32_t size = 0;  // text, bytes, big_integer: length
  union {
    int64_t integer = 0;  // boolean, integer
    double real;
    uint64_t offset;  // text, bytes, big_integer: where the content begins in the pickle
    uint64_t index;   // tuple, list, dict, storage, tensor: in the arena; known: a Known
  };
};

// Elements of a PyTorch storage.
struct StorageType {
  std::string_view name;  // FloatStorage
  uint32_t bytes = 0;     // of one element
};

struct PickledStorage {
  StorageType type;
  std::string_view key;  // names the storage's bytes in the checkpoint; a view into the pickle
  uint64_t elements = 0;
};

struct PickledTensor {
  PickledStorage storage;
  uint64_t offset = 0;  // elements
  std::vector<int64_t> shape, stride;
  bool conjugated = false;  // carries a flag (conj, neg) that changes what its elements mean
};

// One pickle, read. Views point into the bytes given.
class Pickle {
 public:
  using Dict = std::vector<std::pair<PickleValue, PickleValue>>;

  // Reads one pickle from the begin of `bytes`, which may go on behind it. `where` names it in messages, where byte
  // offsets count from `first_byte`. Throws Error{bad_input} naming the offset of what is damaged or unsupported.
  Pickle(const std::string& where, std::span<const std::byte> bytes, uint64_t first_byte = 0);

  const PickleValue& result() const { return result_; }
  size_t size() const { return size_; }  // bytes up to and with its STOP

  std::string_view text(const PickleValue& value) const;  // of text, bytes and big_integer
  const std::vector<PickleValue>& items(const PickleValue& value) const { return sequences_.at(value.index); }
  const Dict& dict(const PickleValue& value) const { return dicts_.at(value.index); }
  const PickledTensor& tensor(const PickleValue& value) const { return tensors_.at(value.index); }
  const std::vector<PickledStorage>& storages() const { return storages_; }

  // What `dict` holds under the text `key`; the last one counts, as in Python.
  std::optional<PickleValue> find(const PickleValue& dict, std::string_view key) const;

 private:
  friend class PickleMachine;
  std::span<const std::byte> bytes_;
  size_t size_ = 0;
  PickleValue result_;
  std::vector<std::vector<PickleValue>> sequences_;  // tuples and lists
  std::vector<Dict> dicts_;
  std::vector<PickledStorage> storages_;
  std::vector<PickledTensor> tensors_;
};

}  // namespace hens
