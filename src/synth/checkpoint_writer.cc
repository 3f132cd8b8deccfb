#include "synth/checkpoint_writer.h"

#include <cassert>
#include <string_view>

#include "package/zip_format.h"

namespace hens {
namespace {

// Little-endian bytes, field by field.
class Bytes {
 public:
  Bytes& u8(uint64_t value) { return number(value, 1); }
  Bytes& u16(uint64_t value) { return number(value, 2); }
  Bytes& u32(uint64_t value) { return number(value, 4); }
  Bytes& u64(uint64_t value) { return number(value, 8); }
  Bytes& text(std::string_view text) {
    bytes_ += text;
    return *this;
  }
  const std::string& str() const { return bytes_; }

 private:
  Bytes& number(uint64_t value, int size) {
    for (int k = 0; k < size; ++k) bytes_ += static_cast<char>(value >> (8 * k) & 0xff);
    return *this;
  }
  std::string bytes_;
};

std::span<const std::byte> as_span(std::string_view text) { return std::as_bytes(std::span(text)); }

// ---- the zip archive, written front to back

class ZipWriter {
 public:
  explicit ZipWriter(PendingFile& file) : file_(file) {}

  void begin_entry(std::string name) {
    Record record{std::move(name), file_.size(), 0, 0};
    const uint64_t unpadded = record.offset + zip::local_size + record.name.size() + 4;
    const uint64_t padding = (alignment - unpadded % alignment) % alignment;
    Bytes header;
    header.u32(zip::local_signature).u16(0).u16(flags).u16(0).u16(0).u16(date).u32(0).u32(0).u32(0);
    header.u16(record.name.size()).u16(4 + padding).text(record.name);
    header.u16(zip::extra_padding).u16(padding).text(std::string(padding, 'Z'));
    file_.write(header.str());
    records_.push_back(std::move(record));
  }
  void write(std::span<const std::byte> data) {
    Record& record = records_.back();
    record.crc32 = zip::crc32(data, record.crc32);
    record.size += data.size();
    file_.write(data);
  }
  void end_entry() {
    const Record& record = records_.back();
    assert(record.size < zip::in_zip64_32);
    file_.write(Bytes().u32(zip::descriptor_signature).u32(record.crc32).u32(record.size).u32(record.size).str());
  }
  void entry(std::string name, std::string_view data) {
    begin_entry(std::move(name));
    write(as_span(data));
    end_entry();
  }
  void finish() {
    const uint64_t begin = file_.size();
    for (const Record& record : records_) file_.write(central(record));
    file_.write(end(begin, file_.size() - begin));
  }

 private:
  static constexpr uint64_t alignment = 64;
  static constexpr uint16_t flags = zip::flag_descriptor | zip::flag_utf8;
  static constexpr uint16_t version_zip64 = 45;
  static constexpr uint16_t date = 1 << 5 | 1;  // 1980-01-01: nothing in the archive depends on the clock

  struct Record {
    std::string name;
    uint64_t offset, size;
    uint32_t crc32;
  };

  static std::string central(const Record& record) {
    const bool far = record.offset >= zip::in_zip64_32;
    Bytes bytes;
    bytes.u32(zip::central_signature).u16(0).u16(far ? version_zip64 : 0).u16(flags).u16(0).u16(0).u16(date);
    bytes.u32(record.crc32).u32(record.size).u32(record.size);
    bytes.u16(record.name.size()).u16(far ? 12 : 0).u16(0).u16(0).u16(0).u32(0);
    bytes.u32(far ? zip::in_zip64_32 : record.offset).text(record.name);
    if (far) bytes.u16(zip::extra_zip64).u16(8).u64(record.offset);
    return bytes.str();
  }

  // PyTorch always writes the zip64 records too.
  std::string end(uint64_t begin, uint64_t size) const {
    const uint64_t count = records_.size(), end64_at = begin + size;
    Bytes bytes;
    bytes.u32(zip::end64_signature).u64(zip::end64_size - 12).u16(version_zip64).u16(version_zip64).u32(0).u32(0);
    bytes.u64(count).u64(count).u64(size).u64(begin);
    bytes.u32(zip::locator64_signature).u32(0).u64(end64_at).u32(1);
    bytes.u32(zip::end_signature).u16(0).u16(0);
    for (int k = 0; k < 2; ++k) bytes.u16(std::min<uint64_t>(count, zip::in_zip64_16));
    bytes.u32(std::min<uint64_t>(size, zip::in_zip64_32)).u32(std::min<uint64_t>(begin, zip::in_zip64_32)).u16(0);
    return bytes.str();
  }

  PendingFile& file_;
  std::vector<Record> records_;
};

// ---- the pickle, protocol 2, without a memo: nothing in it is shared

class PickleWriter {
 public:
  PickleWriter& op(char opcode) {
    bytes_.u8(static_cast<unsigned char>(opcode));
    return *this;
  }
  PickleWriter& text(std::string_view text) {
    bytes_.u8('X').u32(text.size()).text(text);
    return *this;
  }
  PickleWriter& global(std::string_view module, std::string_view name) {
    bytes_.u8('c').text(module).text("\n").text(name).text("\n");
    return *this;
  }
  PickleWriter& integer(int64_t value) {
    if (value >= 0 && value < 1 << 16) {
      bytes_.u8('M').u16(static_cast<uint64_t>(value));
    } else {
      bytes_.u8(0x8a).u8(8).u64(static_cast<uint64_t>(value));
    }
    return *this;
  }
  PickleWriter& tuple(const std::vector<int64_t>& values) {
    op('(');
    for (const int64_t value : values) integer(value);
    return op('t');
  }
  PickleWriter& ordered_dict() { return global("collections", "OrderedDict").op(')').op('R'); }
  const std::string& str() const { return bytes_.str(); }

 private:
  Bytes bytes_;
};

std::vector<int64_t> strides_of(const std::vector<int64_t>& shape) {
  std::vector<int64_t> strides(shape.size());
  int64_t next = 1;
  for (size_t k = shape.size(); k-- > 0;) {
    strides[k] = next;
    next *= shape[k];
  }
  return strides;
}

void pickle_tensor(PickleWriter& out, const NetworkTensor& tensor, size_t key) {
  int64_t elements = 1;
  for (const int64_t n : tensor.shape) elements *= n;
  out.global("torch._utils", "_rebuild_tensor_v2").op('(');
  out.op('(').text("storage").global("torch",
                                     tensor.type == ElementType::complex64 ? "ComplexFloatStorage" : "FloatStorage");
  out.text(std::to_string(key)).text("cpu").integer(elements).op('t').op('Q');
  out.integer(0).tuple(tensor.shape).tuple(strides_of(tensor.shape)).op('\x89').ordered_dict();
  out.op('t').op('R');
}

std::string pickle_of(const std::vector<NetworkTensor>& tensors, const std::string& prefix, int epoch) {
  PickleWriter out;
  out.op('\x80').op(2).op('}').op('(');
  out.text("iters").integer(0).text("epoch").integer(epoch).text("model_state").ordered_dict().op('(');
  for (size_t k = 0; k < tensors.size(); ++k) {
    out.text(prefix + tensors[k].name);
    pickle_tensor(out, tensors[k], k);
  }
  out.op('u').op('u').op('.');
  return out.str();
}

}  // namespace

void write_checkpoint(const fs::path& path, const std::vector<NetworkTensor>& tensors, const std::string& prefix,
                      int epoch, const TensorSource& source) {
  PendingFile file(path);
  ZipWriter zip(file);
  const std::string folder = path.stem().string() + "/";
  zip.entry(folder + "data.pkl", pickle_of(tensors, prefix, epoch));
  zip.entry(folder + "byteorder", "little");
  for (size_t k = 0; k < tensors.size(); ++k) {
    zip.begin_entry(folder + "data/" + std::to_string(k));
    source(tensors[k], [&](std::span<const std::byte> block) { zip.write(block); });
    zip.end_entry();
  }
  zip.entry(folder + "version", "3\n");
  zip.finish();
  file.publish();
}

}  // namespace hens
