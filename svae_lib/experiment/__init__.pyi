from .config import Experiment as Experiment
from .model_file import load_model as load_model
from .model_file import save_model as save_model
from .run import load_run as load_run
from .run import run_experiment as run_experiment
from .run_folder import RunFolder as RunFolder
