# Databricks notebook source
# MAGIC %md
# MAGIC # hens
# MAGIC Runs a job of `hens`, which is in this cluster's container, and shows its report, its map and its times.
# MAGIC
# MAGIC **Cluster**: runtime 16.4 LTS (standard), single node, `g6e.4xlarge`, the image of `make push` as its own container
# MAGIC (*Advanced*, *Docker*), and `spark.databricks.unityCatalog.volumes.enabled true` in *Spark*. `docs/databricks.md` has
# MAGIC each step. Nothing is installed here.
# MAGIC
# MAGIC | widget | meaning |
# MAGIC |---|---|
# MAGIC | spec | a job spec: of the image (`/opt/hens/jobs/...`), the workspace or a volume |
# MAGIC | nsteps | `4`, or `4 40 400`; empty: as in the spec |
# MAGIC | members | for each model; empty: as in the spec |
# MAGIC | results | a folder on a volume. One that holds this run's results is continued, one of another run is refused |

# COMMAND ----------

dbutils.widgets.text("spec", "/opt/hens/jobs/benchmark.yaml", "spec")
dbutils.widgets.text("nsteps", "", "nsteps")
dbutils.widgets.text("members", "", "members")
dbutils.widgets.text("results", "/Volumes/main/default/hens/results/notebook", "results")

# COMMAND ----------

# The run. What starts hens as a task of a job starts it here, too; the image holds it.
import base64
import json
import os
import pathlib
import sys

sys.path.insert(0, os.environ.get("HENS_SHIM", "/opt/hens/databricks"))
try:
    import run_hens
except ImportError:
    raise RuntimeError("this cluster does not run the image of hens (Advanced, Docker): there is no /opt/hens/databricks") from None

results = pathlib.Path(dbutils.widgets.get("results").strip())
run_hens.main(["run", f"--spec={dbutils.widgets.get('spec').strip()}", f"--results={results}",
               f"--nsteps={dbutils.widgets.get('nsteps')}", f"--members={dbutils.widgets.get('members')}"])

# COMMAND ----------

# The report.
print((results / "timing_report.txt").read_text())

# COMMAND ----------

# The maps of the 10 m wind.
maps = sorted(results.rglob("hens_wind_*.jpg"))
if maps:
    displayHTML("".join(f'<h4>{path.relative_to(results)}</h4><img style="max-width: 100%" src="data:image/jpeg;base64,'
                        f'{base64.b64encode(path.read_bytes()).decode()}">' for path in maps))
else:
    print("no maps: report.maps is false, or u10m and v10m are not among the output's variables")

# COMMAND ----------

# The times: one row a forecast's length and model.
import pandas

times = json.loads((results / "benchmark_results.json").read_text())
rows = [{"nsteps": entry["nsteps"], "forecast_hours": entry["forecast_hours"], "model": model, "seconds": seconds,
         "seconds_per_step": per_step}
        for entry in times["benchmarks"]
        for model, (seconds, per_step) in enumerate(zip(entry["inference_times"], entry["time_per_step"]))]
display(pandas.DataFrame(rows))
