// Drives the client of S3 from Python: s3_driver BUCKET COMMAND ..., its result on stdout.
//   put KEY FILE [PART_BYTES] | new KEY FILE | get KEY [FIRST LAST] | head KEY | list PREFIX | remove KEY | uploads
//   PREFIX | read KEY PART_BYTES
#include <iostream>

#include "base/error.h"
#include "base/tool.h"
#include "net/s3_client.h"

namespace hens {
namespace {

int drive(const std::vector<std::string>& arguments) {
  const std::string bucket = arguments.at(0), command = arguments.at(1), name = arguments.at(2);
  S3Options options{.patience_seconds = 5, .first_backoff_seconds = 0.05};
  if (command == "put" && arguments.size() > 4) options.part_bytes = std::stoull(arguments[4]);
  if (command == "read") options.part_bytes = std::stoull(arguments.at(3));
  Log log(LogFormat::json);
  S3Client client(bucket, options, log);
  if (command == "put") std::cout << client.put_file(name, arguments.at(3)) << '\n';
  if (command == "new") {
    const std::string content = read_file(arguments.at(3));
    std::cout << client.put(name, std::as_bytes(std::span(content)), true) << '\n';
  }
  if (command == "get") {
    std::optional<ByteRange> range;
    if (arguments.size() > 4) range = ByteRange{std::stoull(arguments[3]), std::stoull(arguments[4])};
    const auto content = client.get(name, range);
    std::cout << content.value_or("none");
  }
  if (command == "head") {
    const auto object = client.head(name);
    std::cout << (object ? std::to_string(object->size) : "none") << '\n';
  }
  if (command == "list") {
    client.list(name, [](const S3Object& object) { std::cout << object.key << ' ' << object.size << '\n'; });
  }
  if (command == "remove") client.remove(name);
  if (command == "uploads") {
    for (const S3Upload& upload : client.uploads(name)) std::cout << upload.key << '\n';
  }
  if (command == "read") {
    client.read(client.head(name).value(), [](std::span<const std::byte> piece) {
      std::cout.write(reinterpret_cast<const char*>(piece.data()), static_cast<std::streamsize>(piece.size()));
    });
  }
  return 0;
}

}  // namespace
}  // namespace hens

int main(int argc, char** argv) { return hens::run_tool("s3_driver", argc, argv, hens::drive); }
