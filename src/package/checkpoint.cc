#include "package/checkpoint.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <vector>

#include "base/checksum.h"
#include "base/error.h"
#include "base/file_kind.h"
#include "base/read_ahead.h"
#include "package/byte_reader.h"
#include "package/pickle_reader.h"
#include "package/zip_reader.h"

namespace hens {
namespace {

using Bytes = std::span<const std::byte>;
using Kind = PickleValue::Kind;

// The bytes of a storage, however the container keeps them, and their CRC where it has one.
struct StoredBytes {
  Bytes bytes;
  std::optional<uint32_t> crc32;
};
// Throws where they are not all there.
using StorageLookup = std::function<StoredBytes(const PickledStorage&)>;

template <typename... Args>
[[noreturn]] void wrong(const fs::path& path, fmt::format_string<Args...> format, Args&&... args) {
  fail(ExitCode::bad_input, "{}: {}", path.string(), printable(fmt::format(format, std::forward<Args>(args)...)));
}

// a * b, or nothing where it exceeds what any file can hold.
std::optional<uint64_t> product(uint64_t a, uint64_t b) {
  uint64_t result = 0;
  if (__builtin_mul_overflow(a, b, &result) || result > uint64_t{1} << 60) return std::nullopt;
  return result;
}

std::optional<uint64_t> element_count(const std::vector<int64_t>& shape) {
  std::optional<uint64_t> count = 1;
  for (const int64_t n : shape) {
    count = product(*count, static_cast<uint64_t>(n));
    if (!count) return std::nullopt;
  }
  return count;
}

// As torch.Tensor.is_contiguous: the stride of a dimension of one element does not matter.
bool is_contiguous(const PickledTensor& tensor) {
  int64_t expected = 1;
  for (size_t k = tensor.shape.size(); k-- > 0;) {
    if (tensor.shape[k] != 1 && tensor.stride[k] != expected) return false;
    expected *= tensor.shape[k];
  }
  return true;
}

std::optional<ElementType> element_type(std::string_view storage) {
  if (storage == "FloatStorage") return ElementType::float32;
  if (storage == "ComplexFloatStorage") return ElementType::complex64;
  return std::nullopt;
}

TensorView view_of(const fs::path& path, std::string_view name, const PickledTensor& tensor,
                   const StorageLookup& lookup) {
  const auto type = element_type(tensor.storage.type.name);
  if (!type) {
    wrong(path, "tensor {} has elements of {}; supported: FloatStorage, ComplexFloatStorage", name,
          tensor.storage.type.name);
  }
  const auto count = element_count(tensor.shape);
  if (!count || *count == 0) wrong(path, "tensor {} has the impossible size ({})", name, fmt::join(tensor.shape, ", "));
  if (!is_contiguous(tensor) || tensor.conjugated) {
    wrong(path, "tensor {} of size ({}) and stride ({}) is not plain contiguous data", name,
          fmt::join(tensor.shape, ", "), fmt::join(tensor.stride, ", "));
  }
  if (tensor.offset > tensor.storage.elements || *count > tensor.storage.elements - tensor.offset) {
    wrong(path, "tensor {} needs elements {} to {} of a storage of {}", name, tensor.offset, tensor.offset + *count,
          tensor.storage.elements);
  }
  const StoredBytes storage = lookup(tensor.storage);
  return {*type, tensor.shape, storage.bytes.data() + tensor.offset * tensor.storage.type.bytes, storage.bytes,
          storage.crc32};
}

std::map<std::string, TensorView> model_tensors(const fs::path& path, const Pickle& pickle, const StorageLookup& lookup,
                                                bool (*wanted)(std::string_view)) {
  if (pickle.result().kind != Kind::dict)
    wrong(path, "holds no dict; a checkpoint's dict with model_state was expected");
  const auto state = pickle.find(pickle.result(), "model_state");
  if (!state || state->kind != Kind::dict) wrong(path, "its dict has no model_state with the network's tensors");
  std::map<std::string, TensorView> tensors;
  for (const auto& [key, value] : pickle.dict(*state)) {
    if (key.kind != Kind::text || value.kind != Kind::tensor || !wanted(pickle.text(key))) continue;
    const std::string name(pickle.text(key));
    const bool added = tensors.try_emplace(name, view_of(path, name, pickle.tensor(value), lookup)).second;
    if (!added) wrong(path, "tensor {} is there twice", name);
  }
  return tensors;
}

uint64_t storage_bytes(const fs::path& path, const PickledStorage& storage) {
  const auto bytes = product(storage.elements, storage.type.bytes);
  if (!bytes) wrong(path, "storage {} has the impossible size of {} elements", storage.key, storage.elements);
  return *bytes;
}

// ---- zip: FOLDER/data.pkl, FOLDER/byteorder (since PyTorch 2.1), FOLDER/data/KEY

std::string archive_folder(const fs::path& path, const ZipArchive& archive) {
  for (const auto& [name, entry] : archive.entries()) {
    const size_t slash = name.find('/');
    if (slash != std::string::npos && name.substr(slash) == "/data.pkl") return name.substr(0, slash);
  }
  wrong(path, "a zip archive without data.pkl is no PyTorch checkpoint");
}

Checkpoint read_zip(const MappedFile& file, bool (*wanted)(std::string_view)) {
  const ZipArchive archive(file.path(), file.bytes());
  const std::string folder = archive_folder(file.path(), archive);
  if (archive.find(folder + "/byteorder") != nullptr) {
    const Bytes order = archive.check(folder + "/byteorder");
    const std::string_view text(reinterpret_cast<const char*>(order.data()), order.size());
    if (text != "little") wrong(file.path(), "byteorder is '{}'; supported: little", text.substr(0, 16));
  }
  const Bytes data = archive.check(folder + "/data.pkl");
  const Pickle pickle(file.path().string() + ": data.pkl", data);
  const auto lookup = [&](const PickledStorage& storage) {
    const std::string name = fmt::format("{}/data/{}", folder, storage.key);
    const auto* entry = archive.find(name);
    if (entry == nullptr) wrong(file.path(), "no entry {}", name);
    if (entry->data.size() != storage_bytes(file.path(), storage)) {
      wrong(file.path(), "{} has {} bytes, its {} needs {} elements", name, entry->data.size(), storage.type.name,
            storage.elements);
    }
    return StoredBytes{entry->data, entry->crc32};
  };
  return {"zip", model_tensors(file.path(), pickle, lookup, wanted)};
}

// ---- stream: pickles of magic number, protocol, machine, object and storage keys; then each storage's count and bytes

constexpr std::string_view stream_magic = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";  // 0x1950a86a20f9469cfc6c
constexpr int64_t stream_protocol = 1001;

class StreamReader {
 public:
  explicit StreamReader(const MappedFile& file) : path_(file.path()), file_(file.bytes()) {}

  Pickle pickle() {
    Pickle read(path_.string(), file_.subspan(at_), at_);
    at_ += read.size();
    return read;
  }

  // An 8-byte count of elements, then the elements.
  Bytes storage(const PickledStorage& expected) {
    const auto count = slice(file_, at_, 8);
    if (!count) wrong(path_, "ends at byte {}, before storage {}", file_.size(), expected.key);
    if (load<uint64_t>(*count, 0) != expected.elements) {
      wrong(path_, "byte {}: storage {} has {} elements, {} were announced", at_, expected.key,
            load<uint64_t>(*count, 0), expected.elements);
    }
    const uint64_t size = storage_bytes(path_, expected);
    const auto data = slice(file_, at_ + 8, size);
    if (!data) wrong(path_, "ends at byte {}, inside storage {} of {} bytes", file_.size(), expected.key, size);
    at_ += 8 + size;
    return *data;
  }

 private:
  const fs::path& path_;
  Bytes file_;
  uint64_t at_ = 0;
};

void check_stream_head(const fs::path& path, StreamReader& stream) {
  const Pickle magic = stream.pickle();
  if (magic.result().kind != Kind::big_integer || magic.text(magic.result()) != stream_magic) {
    wrong(path, "is neither a PyTorch zip archive nor its older stream: the magic number differs");
  }
  const Pickle protocol = stream.pickle();
  if (protocol.result().kind != Kind::integer || protocol.result().integer != stream_protocol) {
    wrong(path, "PyTorch stream of an unknown protocol; supported: {}", stream_protocol);
  }
  const Pickle machine = stream.pickle();
  if (machine.result().kind != Kind::dict) wrong(path, "PyTorch stream without a description of its machine");
  const auto little = machine.find(machine.result(), "little_endian");
  if (!little || little->kind != Kind::boolean || little->integer != 1) {
    wrong(path, "was written on a big-endian machine; supported: little-endian");
  }
}

// Storages by key as the object announces them. Throws where one key is announced in two ways.
std::map<std::string_view, PickledStorage> announced_storages(const fs::path& path, const Pickle& object) {
  std::map<std::string_view, PickledStorage> announced;
  for (const PickledStorage& storage : object.storages()) {
    const PickledStorage& first = announced.try_emplace(storage.key, storage).first->second;
    if (first.elements != storage.elements || first.type.name != storage.type.name) {
      wrong(path, "storage {} is announced in two ways", storage.key);
    }
  }
  return announced;
}

Checkpoint read_stream(const MappedFile& file, bool (*wanted)(std::string_view)) {
  const fs::path& path = file.path();
  StreamReader stream(file);
  check_stream_head(path, stream);
  const Pickle object = stream.pickle(), keys = stream.pickle();
  const auto announced = announced_storages(path, object);
  if (keys.result().kind != Kind::list) wrong(path, "PyTorch stream without its list of storages");
  std::map<std::string_view, Bytes> found;
  for (const PickleValue& key : keys.items(keys.result())) {
    const auto storage = key.kind == Kind::text ? announced.find(keys.text(key)) : announced.end();
    if (storage == announced.end()) wrong(path, "its list of storages has one that no tensor uses");
    const bool added = found.try_emplace(storage->first, stream.storage(storage->second)).second;
    if (!added) wrong(path, "storage {} is listed twice", storage->first);
  }
  const auto lookup = [&](const PickledStorage& storage) {
    const auto bytes = found.find(storage.key);
    if (bytes == found.end()) wrong(path, "storage {} is not in its list of storages", storage.key);
    return StoredBytes{bytes->second, std::nullopt};
  };
  return {"stream", model_tensors(path, object, lookup, wanted)};
}

bool is_zip(Bytes file) { return file.size() >= 2 && file[0] == std::byte{'P'} && file[1] == std::byte{'K'}; }

}  // namespace

Checkpoint read_checkpoint(const MappedFile& file, bool (*wanted)(std::string_view name)) {
  const Bytes bytes = file.bytes();
  if (bytes.size() < 16) wrong(file.path(), "{} bytes are no checkpoint{}", bytes.size(), file_kind_hint(bytes));
  if (is_zip(bytes)) return read_zip(file, wanted);
  if (bytes[0] == std::byte{0x80}) return read_stream(file, wanted);
  wrong(file.path(), "begins neither as a PyTorch zip archive (PK) nor as its older stream (0x80){}",
        file_kind_hint(bytes));
}

std::string checkpoint_sha256(const fs::path& path) {
  const MappedFile file(path);
  const ReadAhead ahead(path);
  Sha256 sha256;
  const auto use = [&](Bytes piece) { sha256.update(piece); };
  if (is_zip(file.bytes())) {
    ZipArchive(path, file.bytes()).check_all(use);
  } else {
    use(file.bytes());
  }
  return sha256.hex();
}

}  // namespace hens
