// The platform by its variables, and EC2's metadata service by one on loopback that keeps IMDSv2's rules, or breaks
// them.
#include "run/platform.h"

#include <atomic>
#include <chrono>
#include <map>
#include <poll.h>
#include <thread>
#include <unistd.h>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "support/test_data.h"

namespace hens {
namespace {

using Variables = std::map<std::string, std::string>;

Platform platform_with(Variables variables, const fs::path& root = "/nonexistent") {
  return find_platform({[variables](const char* name) {
                          const auto found = variables.find(name);
                          return found == variables.end() ? std::string() : found->second;
                        },
                        root});
}

// Answers each connection's one request by `answer`; an empty answer is none at all, and the connection stays open.
class Server {
 public:
  explicit Server(std::function<std::string(const std::string&)> answer) : answer_(std::move(answer)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    listener_ = FileDescriptor(::socket(AF_INET, SOCK_STREAM, 0));
    EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(listener_.get(), 8), 0);
    ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    endpoint_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    thread_ = std::thread([this] { serve(); });
  }
  ~Server() {
    stop_ = true;
    thread_.join();
  }

  const std::string& endpoint() const { return endpoint_; }
  int requests() const { return requests_; }

 private:
  bool readable(int fd) const {
    pollfd waiting{fd, POLLIN, 0};
    while (!stop_) {
      if (::poll(&waiting, 1, 20) > 0) return true;
    }
    return false;
  }

  void serve() {
    std::vector<FileDescriptor> open;
    while (readable(listener_.get())) {
      open.emplace_back(::accept(listener_.get(), nullptr, nullptr));
      std::string request;
      while (request.find("\r\n\r\n") == std::string::npos && readable(open.back().get())) {
        char piece[4096];
        const ssize_t got = ::read(open.back().get(), piece, sizeof piece);
        if (got <= 0) break;
        request.append(piece, static_cast<size_t>(got));
      }
      ++requests_;
      const std::string answer = answer_(request);
      if (answer.empty()) continue;
      EXPECT_EQ(::write(open.back().get(), answer.data(), answer.size()), static_cast<ssize_t>(answer.size()));
      open.pop_back();
    }
  }

  std::function<std::string(const std::string&)> answer_;
  FileDescriptor listener_;
  std::string endpoint_;
  std::atomic<bool> stop_{false};
  std::atomic<int> requests_{0};
  std::thread thread_;
};

std::string response(const std::string& body, const std::string& status = "200 OK") {
  return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n" +
         body;
}

constexpr const char* document =
    R"({"instanceId": "i-0abc", "instanceType": "g6e.4xlarge", "region": "eu-central-1", "accountId": "111122223333"})";

// As EC2 answers where IMDSv2 is required: a token only for PUT with a lifetime, everything else only with the token.
std::string imds(const std::string& request) {
  const auto has = [&](const char* text) { return request.find(text) != std::string::npos; };
  if (request.starts_with("PUT /latest/api/token ")) {
    return has("X-aws-ec2-metadata-token-ttl-seconds: ") ? response("TOKEN==") : response("", "400 Bad Request");
  }
  if (!has("X-aws-ec2-metadata-token: TOKEN==")) return response("", "401 Unauthorized");
  if (request.starts_with("GET /latest/dynamic/instance-identity/document ")) return response(document);
  return response("", "404 Not Found");
}

double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

TEST(Platform, IsNamedByItsVariables) {
  EXPECT_EQ(platform_with({}).name, "local");
  EXPECT_EQ(platform_with({{"KUBERNETES_SERVICE_HOST", "10.0.0.1"}}).name, "Kubernetes");
  EXPECT_EQ(platform_with({{"AWS_BATCH_JOB_ID", "x"}}).name, "AWS Batch");
  const Platform databricks = platform_with(
      {{"DATABRICKS_RUNTIME_VERSION", "16.4"}, {"DB_INSTANCE_TYPE", "g6e.4xlarge"}, {"AWS_REGION", "us-west-2"}});
  EXPECT_EQ(databricks.name, "Databricks");
  EXPECT_EQ(databricks.instance_type, "g6e.4xlarge");
  EXPECT_EQ(databricks.region, "us-west-2");
  const test::TemporaryFolder root;
  publish_file(root / ".dockerenv", "");
  EXPECT_EQ(platform_with({}, root.path()).name, "docker");
}

TEST(Platform, InstanceTypeAndRegionComeFromTheMetadataService) {
  Server server(imds);
  const Platform ec2 =
      platform_with({{"AWS_EC2_METADATA_SERVICE_ENDPOINT", server.endpoint() + "/"}, {"AWS_REGION", "us-east-1"}});
  EXPECT_EQ(ec2.name, "EC2");
  EXPECT_EQ(ec2.instance_type, "g6e.4xlarge");
  EXPECT_EQ(ec2.region, "eu-central-1") << "where the machine is, not which region the SDKs shall use";
  const Platform pod = platform_with({{"AWS_EC2_METADATA_SERVICE_ENDPOINT", server.endpoint()},
                                      {"KUBERNETES_SERVICE_HOST", "10.0.0.1"},
                                      {"HENS_INSTANCE_TYPE", "mine"}});
  EXPECT_EQ(pod.name, "Kubernetes");
  EXPECT_EQ(pod.instance_type, "mine");
  EXPECT_EQ(pod.region, "eu-central-1");
}

TEST(Platform, AProxyOfTheEnvironmentIsNotAsked) {
  Server server(imds);
  setenv("http_proxy", "http://127.0.0.1:1", 1);
  EXPECT_EQ(platform_with({{"AWS_EC2_METADATA_SERVICE_ENDPOINT", server.endpoint()}}).name, "EC2");
  unsetenv("http_proxy");
}

TEST(Platform, TheMetadataServiceIsLeftAloneWhereItIsSwitchedOff) {
  Server server(imds);
  const test::TemporaryFolder root;
  publish_file(root / "sys/class/dmi/id/sys_vendor", "Amazon EC2\n");
  const Variables off{{"AWS_EC2_METADATA_SERVICE_ENDPOINT", server.endpoint()}, {"AWS_EC2_METADATA_DISABLED", "true"}};
  const Platform platform = platform_with(off, root.path());
  EXPECT_EQ(platform.name, "EC2") << "the machine itself says so";
  EXPECT_EQ(platform.instance_type, "");
  EXPECT_EQ(server.requests(), 0);
}

TEST(Platform, ElsewhereNobodyIsAsked) {
  const test::TemporaryFolder root;
  publish_file(root / "sys/class/dmi/id/sys_vendor", "Micro-Star\n");
  EXPECT_LT(seconds_of([&] { EXPECT_EQ(platform_with({}, root.path()).name, "local"); }), 0.2);
}

TEST(Platform, ASilentMetadataServiceCostsASecondAtMost) {
  Server never([](const std::string&) { return std::string(); });
  Server after_token([](const std::string& request) { return request.starts_with("PUT") ? response("TOKEN==") : ""; });
  Server dripping([](const std::string& request) {
    return request.starts_with("PUT") ? std::string("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nTOK") : "";
  });
  for (Server* server : {&never, &after_token, &dripping}) {
    const double seconds = seconds_of([&] {
      EXPECT_EQ(platform_with({{"AWS_EC2_METADATA_SERVICE_ENDPOINT", server->endpoint()}}).instance_type, "");
    });
    EXPECT_LT(seconds, 1.5);
  }
  EXPECT_LT(seconds_of([&] { platform_with({{"AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1"}}); }), 0.5);
}

TEST(Platform, NonsenseFromTheMetadataServiceIsNotBelieved) {
  for (const std::string& answer :
       {response("{"), response("[1]"), response(R"({"instanceType": 7})"), response("", "404 Not Found"),
        response(std::string(200'000, ' ')), std::string("not HTTP\r\n\r\n"),
        std::string("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")}) {
    Server server(
        [&](const std::string& request) { return request.starts_with("PUT") ? response("TOKEN==") : answer; });
    const Platform platform = platform_with({{"AWS_EC2_METADATA_SERVICE_ENDPOINT", server.endpoint()}});
    EXPECT_EQ(platform.name + platform.instance_type + platform.region, "local") << answer.substr(0, 60);
  }
}

}  // namespace
}  // namespace hens
