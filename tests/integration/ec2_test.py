"""hens-ec2 against moto, with the real aws command line: what is asked for, what survives, what never happens twice.

    ec2_test.py PROGRAM [TEST...]
"""
import base64
import json
import os
import pty
import signal
import subprocess
import sys
import time
import unittest

from ec2_harness import (ADDRESS, BAD_SPEC, CANNOT_CREATE, CREDENTIALS, IMAGE, INTERRUPTED, JOB, MISSING, REGION,
                         UNAVAILABLE, USAGE, AddressServer, Cloud, tags, write_program)

CLOUD = None


class Ec2Test(unittest.TestCase):
    def setUp(self):
        self.account = CLOUD.fresh()

    def only_instance(self):
        instances = self.account.instances()
        self.assertEqual(len(instances), 1, instances)
        return instances[0]

    def assert_reap_leaves_nothing(self):
        self.account.plan()
        self.account.hens_ec2("reap", "--within", 1000)
        self.assertEqual(self.account.left(), [])

    def user_data(self, instance):
        text = self.account.ec2.describe_instance_attribute(InstanceId=instance["InstanceId"], Attribute="userData")
        return base64.b64decode(text["UserData"]["Value"]).decode()


class Create(Ec2Test):
    def test_the_request_is_what_is_promised(self):
        self.account.create("--tags", '{"Customer": "acme", "Project": "hens"}', "--auto-shutdown", 120)
        instance = self.only_instance()
        words = self.account.calls("ec2 run-instances")[0]
        option = {word: words[i + 1] for i, word in enumerate(words[:-1]) if word.startswith("--")}
        self.assertEqual(instance["InstanceType"], "g6e.4xlarge")
        self.assertEqual(option["--count"], "1")
        self.assertEqual(option["--instance-initiated-shutdown-behavior"], "terminate")
        self.assertEqual(json.loads(option["--metadata-options"]),
                         {"HttpTokens": "required", "HttpPutResponseHopLimit": 2, "HttpEndpoint": "enabled"})
        self.assertRegex(option["--client-token"], "^[0-9a-f]{16}-us-east-1a$")
        volume, = self.account.volumes()
        self.assertEqual((volume["Size"], volume["VolumeType"], volume["Encrypted"]), (200, "gp3", True))
        disk, = json.loads(option["--block-device-mappings"])
        self.assertTrue(disk["Ebs"]["DeleteOnTermination"])
        key, = self.account.keys()
        group, = self.account.groups()
        self.assertEqual(instance["KeyName"], key["KeyName"])
        self.assertEqual(option["--security-group-ids"], group["GroupId"])
        permission, = group["IpPermissions"]
        self.assertEqual((permission["IpProtocol"], permission["FromPort"], permission["ToPort"]), ("tcp", 22, 22))
        self.assertEqual([r["CidrIp"] for r in permission["IpRanges"]], [ADDRESS + "/32"])
        self.assertEqual(permission.get("Ipv6Ranges", []), [])
        for resource in (instance, volume, group, key):
            have = tags(resource)
            self.assertEqual(have["Name"], "hens-benchmark")
            self.assertEqual((have["Customer"], have["Project"]), ("acme", "hens"))
            self.assertEqual(have["hens-ec2:managed"], "true")
            self.assertEqual(have["hens-ec2:owner"], "arn:aws:sts::123456789012:user/moto")
            self.assertEqual(have["hens-ec2:way"], "login")
        self.assertIn("\nminutes=120\n", self.user_data(instance))

    def test_the_image_is_amazons_current_one_unless_named(self):
        self.account.create()
        self.assertIn("base-oss-nvidia-driver-gpu-ubuntu", json.dumps(self.account.calls("ssm get-parameter")))
        other = CLOUD.fresh()
        other.create("--ami", "ami-785db401")
        self.assertEqual(other.calls("ssm get-parameter"), [])
        third = CLOUD.fresh()
        self.assertIn("ami-0123456789abcdef0", third.create("--ami", "ami-0123456789abcdef0", expect=None).stderr)
        self.assertEqual(third.left(), [])

    def test_the_most_it_can_cost_is_said_before(self):
        said = self.account.create("--auto-shutdown", 90).stderr
        self.assertIn("At most 4.51 USD: 90 min x 3.00424 USD/h", said)
        self.assertLess(said.index("At most"), said.index("launching"))
        said = CLOUD.fresh().create("--dry-run", "--price-per-hour", "10").stderr
        self.assertIn("At most 10.00 USD: 60 min x 10 USD/h", said)
        self.assertIn("No price is known for g4dn.xlarge", CLOUD.fresh().create("--dry-run", "--instance-type", "g4dn.xlarge").stderr)

    def test_a_dry_run_changes_nothing(self):
        out = self.account.create("--dry-run").stdout
        self.assertIn("run-instances", out)
        self.assertIn("#!/bin/bash", out)
        self.account.make_bucket_and_profile()
        self.account.submit("--dry-run")
        self.assertEqual(self.account.mutating_calls(), [])
        self.assertEqual(self.account.left(), [])
        self.assertFalse((self.account.folder / "state").exists())

    def test_regions(self):
        for words, environment, region in [
                (["--region", "eu-west-1"], {"AWS_REGION": "us-west-2", "REGION": "us-west-1"}, "eu-west-1"),
                ([], {"AWS_REGION": "us-west-2", "REGION": "us-west-1"}, "us-west-2"),
                ([], {"REGION": "us-west-1"}, "us-west-1"),
                ([], {"REGION": "", "AWS_DEFAULT_REGION": "eu-central-1"}, "eu-central-1")]:
            with self.subTest(region):
                self.account.plan()
                self.account.hens_ec2("list", *words, env=environment)
                regions = {call[call.index("--region") + 1] for call in self.account.calls()}
                self.assertEqual(regions, {region})
        config = self.account.folder / "config"
        config.write_text("[profile other]\nregion = ap-south-1\n")
        quiet = {"REGION": "", "AWS_CONFIG_FILE": str(config)}
        self.account.plan()
        self.account.hens_ec2("list", "--profile", "other", env=quiet, expect=None)
        self.assertIn("ap-south-1", json.dumps(self.account.calls("sts get-caller-identity")))
        self.assertIn("--region", self.account.hens_ec2("list", env=quiet, expect=USAGE).stderr)

    def test_a_second_one_is_refused_and_another_name_is_not(self):
        self.account.create()
        first = self.only_instance()["InstanceId"]
        refused = self.account.create(expect=CANNOT_CREATE).stderr
        self.assertIn(first, refused)
        self.assertEqual(self.only_instance()["InstanceId"], first)
        self.account.create("--name", "other")
        self.account.hens_ec2("teardown", "--name", "other", "--all", "--force")
        self.assertEqual(self.only_instance()["InstanceId"], first)

    def test_key_and_group_are_used_again_and_the_ranges_follow(self):
        self.account.create()
        self.account.hens_ec2("teardown", "--force")
        group, key = self.account.groups()[0]["GroupId"], self.account.keys()[0]["KeyPairId"]
        self.account.hens_ec2("create", "--ssh-cidr", "198.51.100.0/24,192.0.2.1")
        self.assertEqual([g["GroupId"] for g in self.account.groups()], [group])
        self.assertEqual([k["KeyPairId"] for k in self.account.keys()], [key])
        ranges = [r["CidrIp"] for p in self.account.groups()[0]["IpPermissions"] for r in p["IpRanges"]]
        self.assertEqual(sorted(ranges), ["192.0.2.1/32", "198.51.100.0/24"], "the old address is shut out")

    def test_wrong_options_make_no_call(self):
        for words, said in [(["--ssh-cidr", "0.0.0.0/0"], "everybody"), (["--ssh-cidr", "0.0.0.0/1,128.0.0.0/1"], "/8"),
                            (["--ssh-cidr", "1.2.3.4/33"], "prefix"), (["--tags", "{'a': 1}"], "JSON"),
                            (["--tags", '{"hens-ec2:owner": "me"}'], "hens-ec2:"), (["--auto-shutdown", "0"], "1.."),
                            (["--image", "hens:latest"], "sha256"), (["--instance-typ", "x"], "--instance-type"),
                            (["--results", "s3://bucket/x"], "--instance-profile"), (["--name", "a b"], "--name")]:
            with self.subTest(words):
                self.assertIn(said, self.account.hens_ec2("create", *words, expect=USAGE).stderr)
        self.assertEqual(self.account.calls(), [])


class InstanceTypes(Ec2Test):
    def test_one_without_a_gpu_of_nvidias_is_refused(self):
        for kind, said in [("m5.large", "no GPU of NVIDIA's"), ("inf2.xlarge", "no GPU of NVIDIA's"), ("g5g.xlarge", "arm64")]:
            for words in (["--dry-run"], []):
                with self.subTest(kind, words=words):
                    self.assertIn(said, self.account.create("--instance-type", kind, *words, expect=USAGE).stderr)
        self.assertEqual((self.account.left(), self.account.mutating_calls()), ([], []))
        self.account.create("--instance-type", "g4dn.xlarge")
        self.only_instance()

    def test_a_misspelt_one_is_called_so(self):
        for kind, nearest in [("g6e.4xlrage", "g6e.4xlarge"), ("g6.xlarg", "g6.xlarge"), ("q9.gigantic", "")]:
            said = self.account.create("--instance-type", kind, expect=USAGE).stderr
            self.assertIn(f"--instance-type {kind}: EC2 has no such type in {REGION}", said)
            self.assertIn(nearest, said)
            self.assertNotIn("subnet", said)
        self.assertEqual(self.account.left(), [])

    def test_who_may_not_ask_is_told_that_nothing_is_checked(self):
        self.account.plan({"call": "ec2 describe-instance-types", "do": "error", "code": "UnauthorizedOperation"})
        self.assertIn("ec2:DescribeInstanceTypes", self.account.create().stderr)
        self.only_instance()

    def test_a_region_without_default_subnets_says_how_to_have_them(self):
        for subnet in self.account.ec2.describe_subnets()["Subnets"]:
            self.account.ec2.delete_subnet(SubnetId=subnet["SubnetId"])
        said = self.account.create(expect=UNAVAILABLE).stderr
        self.assertIn(f"aws ec2 create-default-vpc --region {REGION}", said)


class List(Ec2Test):
    def test_all_regions(self):
        self.account.create()
        self.account.create("--name", "other", "--region", "eu-west-1", "--instance-type", "g4dn.xlarge")
        here = self.account.hens_ec2("list")
        self.assertNotIn("other", here.stdout)
        self.assertIn(f"region {REGION} (of $REGION); --all-regions looks in all", here.stderr)
        text = self.account.hens_ec2("list", "--all-regions").stdout
        for word in ("hens-benchmark", "other", "us-east-1a", "eu-west-1a"):
            self.assertIn(word, text)
        found = json.loads(self.account.hens_ec2("list", "--all-regions", "--json").stdout)
        self.assertEqual(sorted((i["name"], i["region"]) for i in found), [("hens-benchmark", REGION), ("other", "eu-west-1")])
        # Where no region is set anywhere, all are looked at all the same.
        self.assertIn("other", self.account.hens_ec2("list", "--all-regions", env={"REGION": ""}).stdout)
        self.assertIn("eu-west-1 (--region)", self.account.hens_ec2("list", "--region", "eu-west-1").stderr)

    def test_a_region_that_cannot_be_asked_is_named(self):
        self.account.create()
        self.account.plan({"call": "ec2 describe-instances", "nth": 2, "do": "error", "code": "UnauthorizedOperation"})
        done = self.account.hens_ec2("list", "--all-regions", expect=CREDENTIALS)
        self.assertRegex(done.stderr, "[a-z]+-[a-z]+-[0-9] was not looked at: .*UnauthorizedOperation")


class Waiting(Ec2Test):
    def test_what_takes_long_says_what_it_waits_for(self):
        soon = {"HENS_EC2_NOTICE_SECONDS": "0.2", "HENS_EC2_POLL_SECONDS": "0.3"}
        slow = self.account.bin / "slow"
        slow.mkdir()
        write_program(slow / "aws", f'#!/bin/sh\n[ "$2" != run-instances ] || sleep 1\nexec {self.account.bin / "aws"} "$@"\n')
        path = {"PATH": f"{slow}:{self.account.environment['PATH']}"}
        said = self.account.create(env=soon | path).stderr
        self.assertRegex(said, r"waiting for aws ec2 run-instances in us-east-1 \([0-9]+ s\)")
        instance = self.only_instance()["InstanceId"]
        self.account.plan({"call": "ec2 delete-security-group", "do": "error", "code": "DependencyViolation", "times": 3})
        said = self.account.hens_ec2("teardown", "--all", "--force", env=soon).stderr
        self.assertRegex(said, r"waiting for sg-[0-9a-f]+ \(delete-security-group\) \([0-9]+ s\)")
        self.assertNotIn(instance, [i["InstanceId"] for i in self.account.instances()])
        # Nothing is said where nothing takes long.
        self.assertNotIn("waiting for aws", self.account.create("--name", "quick").stderr)


class Stopped(Ec2Test):
    """Ctrl-C says whether a machine may be running, and how to find and to end it."""

    def interrupt_at(self, call, *words):
        """SIGINT to the group, as a terminal sends it, while `aws ec2 CALL` has been carried out and not yet answered."""
        gate, held = self.account.folder / "gate", self.account.bin / "held"
        held.mkdir(exist_ok=True)
        gate.unlink(missing_ok=True)
        write_program(held / "aws", f'#!/bin/sh\n[ "$2" != {call} ] || {{ {self.account.bin / "aws"} "$@" >{gate}.answer; touch {gate}; '
                                    f'sleep 300; }}\nexec {self.account.bin / "aws"} "$@"\n')
        process = self.account.start(*words, env={"PATH": f"{held}:{self.account.environment['PATH']}"}, stdin=subprocess.DEVNULL,
                                     stdout=-1, stderr=-1, start_new_session=True)
        for _ in range(1200):
            if gate.exists():
                break
            time.sleep(0.1)
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=120)
        self.assertEqual(process.returncode, INTERRUPTED, err)
        return err

    create = ["create", "--ssh-cidr", ADDRESS, "--image", IMAGE, "--name", "mine"]

    def test_before_the_request(self):
        said = self.interrupt_at("describe-images", *self.create)
        self.assertIn("before EC2 was asked for an instance: this command launched none", said)
        self.assertEqual(self.account.instances(), [])

    def test_during_the_request(self):
        said = self.interrupt_at("run-instances", *self.create)
        self.only_instance()
        self.assertIn("EC2 may have launched an instance", said)
        self.assertIn(f"hens-ec2 list --name mine --region {REGION}", said)
        self.assertIn(f"hens-ec2 teardown --name mine --region {REGION}", said)
        self.account.hens_ec2("teardown", "--name", "mine", "--force")
        self.assertEqual(self.account.instances(), [])

    def test_after_it(self):
        self.account.plan({"call": "ec2 describe-instances", "do": "stale", "times": 999})
        process = self.account.start(*self.create, env={"HENS_EC2_POLL_SECONDS": "1"}, stdin=subprocess.DEVNULL, stdout=-1, stderr=-1,
                                     start_new_session=True)
        said = ""
        for line in process.stderr:
            said += line
            if "is launched" in line:
                break
        os.killpg(process.pid, signal.SIGINT)
        said += process.communicate(timeout=60)[1]
        instance = self.only_instance()["InstanceId"]
        self.assertEqual(process.returncode, INTERRUPTED, said)
        self.assertIn(f"{instance} is launched and costs money until its timer ends it", said)
        self.assertIn(f"hens-ec2 teardown --name mine --region {REGION}", said)


class OwnAddress(Ec2Test):
    def ranges(self):
        return [r["CidrIp"] for g in self.account.groups() for p in g["IpPermissions"] for r in p["IpRanges"]]

    def test_it_is_found(self):
        with AddressServer("198.51.100.20\n") as environment:
            self.account.hens_ec2("create", env=environment)
        self.assertEqual(self.ranges(), ["198.51.100.20/32"])

    def test_what_is_no_public_address_is_not_believed(self):
        for answer, status in [("0.0.0.0/0", 200), ("10.0.0.1", 200), ("<html>", 200), ("198.51.100.20", 503), ("", 200),
                               ("198.51.100.20,0.0.0.0/0", 200), ("2001:db8::1", 200), ("9" * 5000, 200)]:
            with self.subTest(answer[:20]), AddressServer(answer, status) as environment:
                said = self.account.hens_ec2("create", env=environment, expect=USAGE).stderr
                self.assertIn("--ssh-cidr", said)
        self.assertEqual(self.account.calls(), [])
        plain = {"HENS_EC2_CHECKIP_URL": "http://example.com/"}
        self.assertIn("https", self.account.hens_ec2("create", env=plain, expect=USAGE).stderr)

    def ask_at_a_terminal(self, answer):
        leader, follower = pty.openpty()
        with AddressServer("", 500) as environment:
            process = self.account.start("create", env=environment, stdin=follower, stdout=-1, stderr=-1)
            os.write(leader, answer.encode() + b"\n")
            _, err = process.communicate(timeout=60)
        os.close(leader), os.close(follower)
        return process.returncode, err

    def test_it_is_asked_for_at_the_prompt(self):
        code, err = self.ask_at_a_terminal("192.0.2.9/32")
        self.assertEqual((code, self.ranges()), (0, ["192.0.2.9/32"]), err)

    def test_the_prompt_takes_no_everybody(self):
        self.assertEqual(self.ask_at_a_terminal("0.0.0.0/0")[0], USAGE)
        self.assertEqual(self.account.left(), [])


class Lookalikes(Ec2Test):
    def test_they_survive(self):
        ec2 = self.account.ec2
        name = [{"Key": "Name", "Value": "hens-benchmark"}, {"Key": "Customer", "Value": "acme"}]
        ours = [{"Key": "hens-ec2:managed", "Value": "true"}, {"Key": "hens-ec2:name", "Value": "hens-benchmark"},
                {"Key": "hens-ec2:expires", "Value": "2020-01-01T00:00:00Z"}]
        other = [*name, *ours, {"Key": "hens-ec2:owner", "Value": "arn:aws:iam::123456789012:user/somebody-else"}]
        mine = {"Key": "hens-ec2:owner", "Value": "arn:aws:sts::123456789012:user/moto"}
        half = [*name, mine]  # without what says that hens-ec2 made it
        vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
        for number, marks in enumerate([name, other, half]):
            ec2.run_instances(ImageId="ami-785db401", MinCount=1, MaxCount=1, InstanceType="g6e.4xlarge",
                              TagSpecifications=[{"ResourceType": "instance", "Tags": marks}])
            ec2.create_security_group(GroupName=f"hens-ec2-hens-benchmark{'-x' * number}", Description="x", VpcId=vpc,
                                      TagSpecifications=[{"ResourceType": "security-group", "Tags": marks}])
            ec2.create_key_pair(KeyName=f"hens-ec2-hens-benchmark{'-x' * number}",
                                TagSpecifications=[{"ResourceType": "key-pair", "Tags": marks}])
            ec2.create_volume(AvailabilityZone="us-east-1a", Size=1,
                              TagSpecifications=[{"ResourceType": "volume", "Tags": marks}])
        before = self.account.left()
        self.account.create("--tags", '{"Customer": "acme"}')
        self.assertEqual(len(self.account.left()), len(before) + 4)
        self.account.hens_ec2("teardown", "--all", "--force")
        self.assertEqual(sorted(self.account.left()), sorted(before))
        self.account.hens_ec2("reap", "--within", 100000)
        self.assertEqual(sorted(self.account.left()), sorted(before))
        listed = json.loads(self.account.hens_ec2("list", "--everyone", "--json").stdout)
        self.assertEqual([i["owner"] for i in listed], ["arn:aws:iam::123456789012:user/somebody-else"])


class Spot(Ec2Test):
    def option(self):
        words = self.account.calls("ec2 run-instances")[-1]
        return json.loads(words[words.index("--instance-market-options") + 1])

    def test_it_is_asked_for_once_and_ends_when_it_is_taken_back(self):
        said = self.account.create("--spot").stderr
        self.assertEqual(self.option(), {"MarketType": "spot", "SpotOptions": {
            "SpotInstanceType": "one-time", "InstanceInterruptionBehavior": "terminate"}})
        self.assertIn("never more than on demand", said)
        self.assertIn("spot='yes'", self.user_data(self.only_instance()))

    def test_its_price_has_a_limit(self):
        said = self.account.create("--spot", "--spot-price", "1.25").stderr
        self.assertEqual(self.option()["SpotOptions"]["MaxPrice"], "1.25")
        self.assertIn("at most 1.25 USD/h (--spot-price)", said)
        self.assertEqual(tags(self.only_instance())["hens-ec2:price"], "1.25")

    def test_a_price_below_the_markets_leads_to_the_next_zone(self):
        self.account.plan({"call": "ec2 run-instances", "do": "error", "code": "SpotMaxPriceTooLow", "times": 99})
        said = self.account.create("--spot", "--spot-price", "0.5", expect=UNAVAILABLE).stderr
        self.assertEqual(len(self.account.calls("ec2 run-instances")), 4, "every zone")
        self.assertIn("as a spot machine", said)
        self.assertIn("a higher --spot-price", said)
        self.assert_reap_leaves_nothing()

    def test_a_price_without_spot_is_refused(self):
        self.assertIn("give --spot, too", self.account.create("--spot-price", "1", expect=USAGE).stderr)

    def test_a_machine_on_demand_has_no_market_options(self):
        self.account.create()
        self.assertNotIn("--instance-market-options", self.account.calls("ec2 run-instances")[-1])


class Errors(Ec2Test):
    def test_only_lack_of_capacity_leads_to_the_next_zone(self):
        self.account.plan({"call": "ec2 run-instances", "do": "error", "code": "InsufficientInstanceCapacity", "times": 2})
        self.account.create()
        self.assertEqual(self.only_instance()["Placement"]["AvailabilityZone"], "us-east-1c")
        tokens = [call[call.index("--client-token") + 1] for call in self.account.calls("ec2 run-instances")]
        self.assertEqual(len(set(tokens)), 3, "a token an attempt")

    def test_no_capacity_anywhere(self):
        self.account.plan({"call": "ec2 run-instances", "do": "error", "code": "InsufficientInstanceCapacity", "times": 99})
        said = self.account.create(expect=UNAVAILABLE).stderr
        self.assertIn("us-east-1a, us-east-1b, us-east-1c, us-east-1d", said)
        self.assertIn("--region", said)
        self.assert_reap_leaves_nothing()

    def test_other_errors_are_shown_and_end_it(self):
        for code, exit_code in [("UnauthorizedOperation", CREDENTIALS), ("ExpiredToken", CREDENTIALS),
                                ("VcpuLimitExceeded", UNAVAILABLE), ("InvalidParameterValue", UNAVAILABLE),
                                ("PendingVerification", UNAVAILABLE)]:
            with self.subTest(code):
                self.account.plan({"call": "ec2 run-instances", "do": "error", "code": code, "times": 99})
                said = self.account.create(expect=exit_code).stderr
                self.assertIn(code, said)
                self.assertIn("injected", said)
                self.assertEqual(len(self.account.calls("ec2 run-instances")), 1)
        self.assertEqual(self.account.instances(), [])
        self.assert_reap_leaves_nothing()

    def test_expired_credentials_say_what_to_do(self):
        for command in (lambda: self.account.hens_ec2("list", expect=CREDENTIALS),
                        lambda: self.account.submit(expect=CREDENTIALS)):
            self.account.plan({"call": "*", "do": "error", "code": "ExpiredToken"})
            self.assertIn("get-caller-identity", command().stderr)

    def test_lost_answers_make_no_second_one(self):
        for call in ["ec2 import-key-pair", "ec2 create-security-group", "ec2 authorize-security-group-ingress",
                     "ec2 run-instances"]:
            for times in (1, 3):
                with self.subTest(call=call, times=times):
                    self.account = CLOUD.fresh()
                    self.account.plan({"call": call, "do": "lost_answer", "times": times})
                    if call.endswith("ingress") and times == 3:
                        self.account.create(expect=UNAVAILABLE)
                        self.assertEqual(self.account.instances(), [])
                    else:
                        self.account.create()
                        self.only_instance()
                    self.assertEqual((len(self.account.groups()), len(self.account.keys())), (1, 1))
                    self.assert_reap_leaves_nothing()

    def test_an_answer_lost_and_an_index_behind(self):
        # The instance is there, but for some seconds not to be seen: only the token knows.
        self.account.plan({"call": "ec2 run-instances", "do": "lost_answer"},
                          {"call": "ec2 describe-instances", "nth": 3, "do": "stale"})
        self.account.create()
        self.only_instance()
        tokens = [call[call.index("--client-token") + 1] for call in self.account.calls("ec2 run-instances")]
        self.assertEqual((len(tokens), len(set(tokens))), (2, 1), "the same attempt, twice")

    def test_without_any_answer_it_says_what_it_does_not_know(self):
        self.account.plan({"call": "ec2 run-instances", "do": "no_connection", "times": 3})
        said = self.account.create(expect=UNAVAILABLE).stderr
        self.assertIn("may have launched", said)
        self.account.create()
        tokens = {call[call.index("--client-token") + 1] for call in self.account.calls("ec2 run-instances")}
        self.assertEqual(len(tokens), 1, "the next command is the same attempt")
        self.only_instance()

    def test_who_is_not_let_in_is_told_what_runs_on(self):
        write_program(self.account.bin / "ssh", "#!/bin/sh\necho Connection timed out >&2\nexit 255\n")
        said = self.account.create("--name", "mine", expect=UNAVAILABLE, env={"HENS_EC2_SSH_PATIENCE": "1"}).stderr
        instance = self.only_instance()["InstanceId"]
        self.assertIn("Connection timed out", said)
        self.assertIn(f"{instance} is launched and costs money until its timer ends it", said)
        self.assertIn(f"hens-ec2 teardown --name mine --region {REGION}", said)

    def test_launched_and_not_yet_to_be_seen_is_not_launched_twice(self):
        self.account.make_bucket_and_profile()
        self.account.plan({"call": "ec2 describe-instances", "do": "stale", "times": 99})
        self.account.submit()
        self.account.submit()
        self.only_instance()

    def test_an_answer_that_names_nobody_owns_nothing(self):
        self.account.create()
        self.account.plan({"call": "sts get-caller-identity", "do": "empty"})
        said = self.account.hens_ec2("teardown", "--force", expect=UNAVAILABLE).stderr
        self.assertIn("says nobody", said)
        self.only_instance()

    def test_the_machine_ends_while_it_starts(self):
        self.account.plan({"call": "ec2 run-instances", "do": "kill"})
        self.account.create(expect=-9)
        self.account.ec2.terminate_instances(InstanceIds=[self.only_instance()["InstanceId"]])
        self.account.plan()
        self.account.create()  # the number of an attempt whose instance is gone is not used again
        self.only_instance()


class Killed(Ec2Test):
    def test_after_every_call(self):
        """kill -9 of the launcher after each of its calls: one instance at most, and reap leaves nothing."""
        self.account.create()
        number_of_calls = len(self.account.calls())
        mutating = {call[1] for call in self.account.mutating_calls()}
        self.assertGreaterEqual(mutating, {"import-key-pair", "create-security-group", "run-instances"})
        names = [call[1] for call in self.account.calls()]
        for nth in range(1, number_of_calls + 1):
            with self.subTest(nth=nth, call=names[nth - 1]):
                self.account = CLOUD.fresh()
                self.account.plan({"call": "*", "nth": nth, "do": "kill"})
                self.account.create(expect=-9)
                self.assertLessEqual(len(self.account.instances()), 1)
                if names[nth - 1] in mutating:
                    # Whoever comes back and types it again has one, too.
                    self.account.plan()
                    self.account.create(expect=None)
                    self.only_instance()
                    self.assertEqual((len(self.account.groups()), len(self.account.keys())), (1, 1))
                self.assert_reap_leaves_nothing()

    def test_and_typed_again_while_the_index_is_behind(self):
        self.account.plan({"call": "ec2 run-instances", "do": "kill"})
        self.account.create(expect=-9)
        self.account.plan({"call": "ec2 describe-instances", "do": "stale", "times": 3})
        self.account.create()
        self.only_instance()
        # With other options it is another request under the same token: refused by EC2, and then found.
        self.account = CLOUD.fresh()
        self.account.plan({"call": "ec2 run-instances", "do": "kill"})
        self.account.create(expect=-9)
        self.account.plan({"call": "ec2 describe-instances", "do": "stale", "times": 3})
        self.account.create("--auto-shutdown", 30, expect=None)
        self.only_instance()

    def test_submit(self):
        for call in ("ec2 create-security-group", "ec2 run-instances"):
            with self.subTest(call):
                self.account = CLOUD.fresh()
                self.account.make_bucket_and_profile()
                self.account.plan({"call": call, "do": "kill"})
                self.account.submit(expect=-9)
                self.account.plan()
                self.account.submit(expect=None)
                self.only_instance()
                self.assert_reap_leaves_nothing()


class Teardown(Ec2Test):
    def test_it_is_truthful_and_repeatable(self):
        self.account.create()
        self.assertIn("--force", self.account.hens_ec2("teardown", expect=USAGE).stderr)
        self.only_instance()
        # What stands before aws refuses to delete a group in use, as EC2 does and moto does not.
        group = self.account.groups()[0]["GroupId"]
        asked = subprocess.run([self.account.bin / "aws", "ec2", "delete-security-group", "--region", REGION, "--group-id",
                                group], env=self.account.environment, capture_output=True, text=True)
        self.assertIn("DependencyViolation", asked.stderr)
        self.account.plan({"call": "ec2 terminate-instances", "do": "error", "code": "UnauthorizedOperation"})
        failed = self.account.hens_ec2("teardown", "--all", "--force", expect=CREDENTIALS)
        self.assertNotIn("nothing of yours is left", failed.stdout)
        self.only_instance()
        self.account.plan({"call": "ec2 terminate-instances", "do": "lost_answer"},
                          {"call": "ec2 delete-security-group", "do": "error", "code": "DependencyViolation", "times": 3})
        self.assertIn("nothing of yours is left", self.account.hens_ec2("teardown", "--all", "--force").stdout)
        self.assertEqual(self.account.left(), [])
        self.account.plan()
        self.assertIn("nothing of yours is left", self.account.hens_ec2("teardown", "--all", "--force").stdout)
        self.assertEqual(self.account.mutating_calls(), [])

    def test_a_launch_without_a_clear_answer_is_waited_for(self):
        self.account.plan({"call": "ec2 run-instances", "do": "lost_answer", "times": 3},
                          {"call": "ec2 describe-instances", "nth": 3, "do": "stale", "times": 9})
        self.account.create(expect=UNAVAILABLE)
        self.only_instance()
        self.account.plan({"call": "ec2 describe-instances", "do": "stale", "times": 4})
        self.account.hens_ec2("teardown", "--all", "--force")
        self.assertEqual(self.account.left(), [])

    def test_nothing_seen_is_not_nothing_after_an_unclear_launch(self):
        self.account.plan({"call": "ec2 run-instances", "do": "no_connection", "times": 3})
        self.account.create(expect=UNAVAILABLE)
        said = self.account.hens_ec2("teardown", "--force", expect=UNAVAILABLE)
        self.assertIn("had no clear answer", said.stderr)
        self.assertNotIn("nothing of yours is left", said.stdout)

    def test_without_all_key_and_group_stay(self):
        self.account.create()
        self.account.hens_ec2("teardown", "--force")
        self.assertEqual((len(self.account.groups()), len(self.account.keys()), self.account.instances()), (1, 1, []))

    def test_the_tags_are_the_truth_not_local_files(self):
        self.account.create()
        elsewhere = {"HENS_EC2_STATE": str(self.account.folder / "elsewhere")}
        self.assertEqual(len(json.loads(self.account.hens_ec2("list", "--json", env=elsewhere).stdout)), 1)
        self.account.create(expect=CANNOT_CREATE, env=elsewhere)
        self.account.hens_ec2("teardown", "--all", "--force", env=elsewhere)
        self.assertEqual(self.account.left(), [])

    def test_a_no_deletes_nothing(self):
        self.account.create()
        leader, follower = pty.openpty()
        process = self.account.start("teardown", "--all", stdin=follower, stdout=-1, stderr=-1)
        os.write(leader, b"n\n")
        out, _ = process.communicate(timeout=60)
        os.close(leader), os.close(follower)
        self.assertEqual(process.returncode, INTERRUPTED)
        self.assertIn("nothing was deleted", out)
        self.only_instance()


class ListAndReap(Ec2Test):
    def test_list_knows_age_end_and_cost(self):
        self.account.create("--price-per-hour", "3.6")
        entry, = json.loads(self.account.hens_ec2("list", "--json").stdout)
        self.assertEqual((entry["name"], entry["state"], entry["way"]), ("hens-benchmark", "running", "login"))
        self.assertGreaterEqual(entry["cost_so_far_usd"], 0)
        self.assertLess(entry["cost_so_far_usd"], 0.5)
        table = self.account.hens_ec2("list").stdout
        self.assertIn(entry["instance"], table)
        self.assertIn(entry["expires"], table)

    def test_reap_takes_what_has_expired_and_nothing_else(self):
        self.account.create("--name", "old")
        self.account.create("--name", "new")
        ids = {tags(i)["Name"]: i["InstanceId"] for i in self.account.instances()}
        self.assertIn("nothing has expired", self.account.hens_ec2("reap").stdout)
        past = [{"Key": "hens-ec2:expires", "Value": "2024-01-01T00:00:00Z"}]
        everything = [g["GroupId"] for g in self.account.groups()] + [k["KeyPairId"] for k in self.account.keys()]
        self.account.ec2.create_tags(Resources=[ids["old"], *everything], Tags=past)
        self.assertIn(ids["old"], self.account.hens_ec2("reap", "--dry-run").stdout)
        self.assertEqual(len(self.account.instances()), 2)
        self.account.hens_ec2("reap")
        self.assertEqual([tags(x)["hens-ec2:name"] for x in
                          [*self.account.instances(), *self.account.groups(), *self.account.keys()]], ["new"] * 3)
        never = [{"Key": "hens-ec2:expires", "Value": "never"}]
        self.account.ec2.create_tags(Resources=[ids["new"]], Tags=never)
        self.account.hens_ec2("reap", "--within", 100000)
        self.assertEqual(self.only_instance()["InstanceId"], ids["new"])


class Submit(Ec2Test):
    def setUp(self):
        super().setUp()
        self.account.make_bucket_and_profile()

    def put(self, name, text):
        self.account.s3.put_object(Bucket="bucket", Key="run/" + name, Body=text.encode())

    def put_status(self, state, code, launch=None):
        number = launch or tags(self.account.instances()[0])["hens-ec2:launch"]
        self.put("status.json", json.dumps({"launch": number, "state": state, "stage": "job", "exit_code": code,
                                            "message": "", "time": "x"}))

    def end_machine(self):
        self.account.ec2.terminate_instances(InstanceIds=[self.only_instance()["InstanceId"]])

    def test_there_is_no_way_in(self):
        self.account.submit()
        instance = self.only_instance()
        self.assertNotIn("KeyName", {k: v for k, v in instance.items() if v})
        self.assertEqual(self.account.keys(), [])
        group, = self.account.groups()
        self.assertEqual(group["IpPermissions"], [])
        self.assertIn("hens-results", instance["IamInstanceProfile"]["Arn"])
        self.assertEqual(tags(instance)["hens-ec2:way"], "job")
        self.assertEqual(tags(instance)["hens-ec2:results"], "s3://bucket/run")
        lines = self.user_data(instance).split("\n")
        begin = next(i for i, line in enumerate(lines) if line.startswith("base64 -d"))
        self.assertEqual(base64.b64decode(lines[begin + 1]).decode(), JOB, "the YAML is unchanged")
        self.assertIn("submit", self.account.hens_ec2("extend", 10, expect=USAGE).stderr)

    def test_fetch_brings_results_and_the_exit_code(self):
        self.account.submit()
        self.assertIn("starting", self.account.hens_ec2("fetch", expect=INTERRUPTED).stderr)
        self.put_status("running", 0)
        self.assertIn("running", self.account.hens_ec2("fetch", expect=INTERRUPTED).stderr)
        self.put("output/timing_report.txt", "Total time: 12 s")
        self.put("output/nsteps_0004/hens_0.zarr/zarr.json", "{}")
        self.put("log.txt", "a log")
        self.put_status("finished", 81)
        for output, words in [("results/hens-benchmark", []), ("mine", ["--output", "mine"])]:
            got = self.account.hens_ec2("fetch", *words, expect=81)
            self.assertIn("Total time: 12 s", got.stdout)
            self.assertTrue((self.account.folder / output / "nsteps_0004/hens_0.zarr/zarr.json").exists())
            self.assertEqual((self.account.folder / output / "log.txt").read_text(), "a log")
        # What was written anew since then, as long as before: the old bytes were kept once.
        time.sleep(1.1)  # S3 tells times in whole seconds
        self.put("output/timing_report.txt", "Total time: 13 s")
        self.assertIn("Total time: 13 s", self.account.hens_ec2("fetch", expect=81).stdout)
        self.end_machine()
        self.put_status("finished", 0, launch="of another machine")
        other = {"HENS_EC2_STATE": str(self.account.folder / "elsewhere")}
        self.account.hens_ec2("fetch", "--results", "s3://bucket/run", env=other)
        self.assertIn("--results", self.account.hens_ec2("fetch", env=other, expect=MISSING).stderr)
        # Two jobs' files are not mixed in one folder.
        for name in ("log.txt", "status.json"):
            text = json.dumps({"launch": "y", "state": "finished", "exit_code": 0})
            self.account.s3.put_object(Bucket="bucket", Key=f"other/{name}", Body=text.encode())
        said = self.account.hens_ec2("fetch", "--results", "s3://bucket/other", env=other, expect=BAD_SPEC).stderr
        self.assertIn("s3://bucket/run", said)
        self.assertIn("--output", said)
        self.account.hens_ec2("fetch", "--results", "s3://bucket/other", "--output", "other", env=other)

    def test_a_machine_that_left_nothing_or_half(self):
        self.account.submit()
        self.put_status("finished", 0, launch="older")
        self.end_machine()
        self.assertIn("left nothing", self.account.hens_ec2("fetch", expect=UNAVAILABLE).stderr)
        self.account.submit(results="s3://bucket/other")
        self.end_machine()

    def test_an_interrupted_job_can_be_fetched_and_continued(self):
        self.account.submit()
        self.put("log.txt", "a log"), self.put("output/run.json", "{}"), self.put_status("interrupted", 75)
        self.end_machine()
        self.account.hens_ec2("fetch", expect=INTERRUPTED)
        self.assertIn("continues it", self.account.submit().stderr)

    def test_finished_results_are_not_written_over(self):
        self.put_status("finished", 0, launch="x")
        self.assertIn("fetch", self.account.submit(expect=BAD_SPEC).stderr)
        self.assertEqual(self.account.left(), [])
        self.assertIn("no bucket nowhere", self.account.submit(results="s3://nowhere/x", expect=MISSING).stderr)
        self.assertEqual(self.account.left(), [])

    def test_a_job_that_cannot_run_there_costs_nothing(self):
        for text, said in [("models: [/data/package]\ninitial_conditions: {}\n", "/data/package"),
                           ("models: []\ninitial_conditions: {path: ../x.nc}\n", "../x.nc"), ("[1]\n", "models"),
                           ("a: [", "demo.yaml:"), ("models: []\ninitial_conditions: {}\n#" + "x" * 20000, "user data")]:
            with self.subTest(said):
                self.account.job.write_text(text)
                self.assertIn(said, self.account.submit(expect=None).stderr)
        self.assertEqual(self.account.mutating_calls(), [])
        self.account.job.unlink()
        self.account.submit(expect=MISSING)


if __name__ == "__main__":
    CLOUD = Cloud(sys.argv.pop(1))
    try:
        unittest.main(verbosity=2)
    finally:
        CLOUD.stop()
