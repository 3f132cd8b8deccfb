// Facts about the small rules: tags, address ranges, prices, ends, names of images and places.
#include <gtest/gtest.h>

#include "base/error.h"
#include "ec2/cidr.h"
#include "ec2/expiry.h"
#include "ec2/launch.h"
#include "ec2/price.h"
#include "ec2/tags.h"

namespace hens::ec2 {
namespace {

const std::string me = "arn:aws:iam::123456789012:user/me";

Tags ours() { return {{tag::managed, "true"}, {tag::owner, me}, {tag::name, "hens-benchmark"}}; }

TEST(Tags, ProveOnlyWhatIsWhollyOurs) {
  EXPECT_TRUE(proves_ours(ours(), me));
  EXPECT_TRUE(proves_ours(ours(), me, "hens-benchmark"));
  EXPECT_FALSE(proves_ours(ours(), me, "hens"));
  EXPECT_FALSE(proves_ours(ours(), me + "2"));
  EXPECT_FALSE(proves_ours(ours(), "")) << "an unknown caller owns nothing";
  // Sessions that are named by the clock made teardown find nothing of an hour before.
  const std::string role = "arn:aws:sts::123456789012:assumed-role/admin";
  EXPECT_EQ(owner_of(role + "/botocore-session-1732600000"), role);
  EXPECT_EQ(owner_of(role + "/jane@example.com"), role + "/jane@example.com");
  EXPECT_EQ(owner_of(me), me);
  for (const char* key : {tag::managed, tag::owner}) {
    Tags tags = ours();
    tags.erase(key);
    EXPECT_FALSE(proves_ours(tags, me)) << key;
  }
  EXPECT_FALSE(proves_ours({{"Name", "hens-benchmark"}, {"Customer", "acme"}}, me));
}

TEST(Tags, FiltersNameEveryProof) {
  const std::string text = ours_filter(me, "n").dump();
  for (const char* part : {"tag:hens-ec2:managed", "tag:hens-ec2:owner", "tag:hens-ec2:name"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part;
  }
  EXPECT_EQ(ours_filter("").size(), 1u);
}

TEST(Tags, OfUsersCannotImitateOurs) {
  EXPECT_EQ(parse_user_tags(R"({"Customer":"acme"})"), (Tags{{"Customer", "acme"}}));
  EXPECT_TRUE(parse_user_tags("").empty());
  for (const char* wrong : {"[]", "{", "acme", R"({"a": 1})", R"({"Name": "x"})", R"({"hens-ec2:owner": "x"})",
                            R"({"aws:x": "y"})", R"({"": "y"})"}) {
    EXPECT_THROW(parse_user_tags(wrong), Error) << wrong;
  }
}

TEST(Cidr, IsCanonical) {
  EXPECT_EQ(parse_cidrs("203.0.113.7"), (std::vector<std::string>{"203.0.113.7/32"}));
  EXPECT_EQ(parse_cidrs("203.0.113.77/24, 198.51.100.1,203.0.113.1/24"),
            (std::vector<std::string>{"198.51.100.1/32", "203.0.113.0/24"}));
}

TEST(Cidr, RefusesTheWholeInternetHoweverItIsWritten) {
  for (const char* wrong : {"0.0.0.0/0", "1.2.3.4/0", "0.0.0.0/1", "128.0.0.0/7", "", ",", "1.2.3", "1.2.3.4/33",
                            "1.2.3.4/", "1.2.3.4/-1", "1.2.3.4/8x", "::/0", "2001:db8::1", "01.2.3.4.5", "a.b.c.d"}) {
    EXPECT_THROW(parse_cidrs(wrong), Error) << wrong;
  }
}

TEST(Cidr, KnowsPublicAddresses) {
  for (const char* good : {"203.0.113.7", "8.8.8.8", "172.32.0.1", "100.128.0.1"})
    EXPECT_TRUE(is_public_ipv4(good)) << good;
  for (const char* wrong : {"10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "127.0.0.1",
                            "169.254.169.254", "0.0.0.0", "255.255.255.255", "8.8.8", "8.8.8.8 ", "x"}) {
    EXPECT_FALSE(is_public_ipv4(wrong)) << wrong;
  }
}

TEST(Price, NeverPromisesTooLittle) {
  using std::chrono::minutes;
  EXPECT_EQ(most_cost_text(3.00424, minutes(60)), "3.01 USD");
  EXPECT_EQ(most_cost_text(3.0, minutes(60)), "3.00 USD");
  EXPECT_EQ(most_cost_text(0.001, minutes(1)), "0.01 USD");
  EXPECT_TRUE(default_price("g6e.4xlarge"));
  EXPECT_FALSE(default_price("t3.micro"));
  for (const char* wrong : {"", "0", "-1", "nan", "inf", "3,0", "3 USD"})
    EXPECT_THROW(parse_price(wrong), Error) << wrong;
}

TEST(Price, SaysWhereItIsFrom) {
  const std::string known = launch_cost_text("g6e.4xlarge", "us-west-2", std::nullopt, 60);
  EXPECT_TRUE(known.starts_with("At most 3.01 USD")) << known;
  EXPECT_NE(known.find(price_date), std::string::npos) << known;
  const std::string given = launch_cost_text("g6e.4xlarge", "eu-central-1", 2.0, 30);
  EXPECT_TRUE(given.starts_with("At most 1.00 USD")) << given;
  // us-east-1's price was once called the most that a launch costs anywhere.
  const std::string elsewhere = launch_cost_text("g6e.4xlarge", "eu-central-1", std::nullopt, 60);
  EXPECT_EQ(elsewhere.find("At most"), std::string::npos) << elsewhere;
  EXPECT_NE(elsewhere.find("eu-central-1"), std::string::npos) << elsewhere;
  EXPECT_NE(launch_cost_text("t3.micro", "us-east-1", std::nullopt, 30).find("--price-per-hour"), std::string::npos);
}

TEST(Expiry, NeverIsNever) {
  const Time now = parse_time("2024-01-01T12:00:00Z");
  const auto is_over = [&](const char* text) { return expired({{tag::expires, text}}, now); };
  EXPECT_TRUE(is_over("2024-01-01T12:00:00Z"));
  EXPECT_FALSE(is_over("2024-01-01T12:00:01Z"));
  EXPECT_FALSE(is_over("never"));
  EXPECT_FALSE(is_over("")) << "what has no end is not ours to end";
}

TEST(Expiry, CostGrowsWithAge) {
  Instance instance;
  instance.state = "running";
  instance.launched = parse_time("2024-01-01T00:00:00Z");
  const Time now = parse_time("2024-01-01T01:30:00Z");
  EXPECT_FALSE(cost_so_far(instance, now));
  instance.tags[tag::price] = "2";
  EXPECT_DOUBLE_EQ(*cost_so_far(instance, now), 3.0);
}

TEST(Image, IsNamedByDigest) {
  const std::string digest(64, 'a');
  check_image("registry.example.com:5000/team/hens@sha256:" + digest);
  for (const std::string& wrong : {std::string("hens"), std::string("hens:latest"), "hens@sha256:" + digest.substr(1),
                                   "hens@sha256:" + digest + "0", "-x@sha256:" + digest, "a b@sha256:" + digest}) {
    EXPECT_THROW(check_image(wrong), Error) << wrong;
  }
}

TEST(Results, AreAPlaceInABucket) {
  EXPECT_EQ(check_results("s3://bucket/run/1/"), "s3://bucket/run/1");
  for (const char* wrong : {"s3://bucket", "s3://bucket/", "bucket/x", "https://bucket/x", "s3://Bucket/x",
                            "s3://bucket/a b", "s3://bucket/$(x)", "s3://bucket/'x'"}) {
    EXPECT_THROW(check_results(wrong), Error) << wrong;
  }
}

TEST(Request, HasOneTokenAZone) {
  LaunchPlan plan{"0123456789abcdef", "ami-1", "/dev/sda1", "g6e.4xlarge", "", "", "", ours()};
  const auto in_a = run_instances_words(plan, {"subnet-1", "us-east-1a", "vpc-1"}, "sg-1", "/x");
  const auto in_b = run_instances_words(plan, {"subnet-2", "us-east-1b", "vpc-1"}, "sg-1", "/x");
  const auto token = [](const auto& words) { return *(std::find(words.begin(), words.end(), "--client-token") + 1); };
  EXPECT_NE(token(in_a), token(in_b));
  EXPECT_EQ(token(in_a), token(run_instances_words(plan, {"subnet-1", "us-east-1a", "vpc-1"}, "sg-1", "/x")));
  EXPECT_LE(token(in_a).size(), 64u);
  EXPECT_EQ(std::count(in_a.begin(), in_a.end(), "--key-name"), 0) << "no key, no way in";
}

}  // namespace
}  // namespace hens::ec2
