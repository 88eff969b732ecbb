"""Score a file: a CSV in; problems, scores, actions and reasons out."""

from app import navigation
from app.components.score_file.file_result import file_result
from app.components.score_file.first_file import first_file
from app.components.score_file.run_actions import another_file, downloads
from app.components.score_file.scoring import run_opened
from app.components.shared.heading import page_title
from app.components.shared.no_model import no_model
from app.components.shared.run_list import run_list
from app.components.shared.send_to_review import send_run
from app.queries import services

opened, model = run_opened(), services.champion()
with page_title("Score a file", "score_file"):
    if opened:
        run = services.home().runs.find(opened)
        downloads(run)
        send_run(run)
        another_file()
if opened:
    file_result(run)
elif model is None:
    no_model()
else:
    run_id = first_file(model) or run_list("Scored before", services.home().runs.recent(20))
    if run_id:
        navigation.go("score_file", run=run_id)
