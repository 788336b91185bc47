import threading

from etl.spark.jvm import BOOKING, booked


def properties(spark):
    return [spark.sparkContext.getLocalProperty(key) for key in BOOKING]


def in_a_thread_of_its_own(action):
    seen = []
    thread = threading.Thread(target=lambda: seen.append(action()))
    thread.start()
    thread.join()
    return seen[0]


def test_a_threads_jobs_are_booked_under_the_step_and_nobody_afterwards(spark):
    def work():
        before = properties(spark)
        with booked(spark, "a-run/a-step", "a step", pool="a-step"):
            during = properties(spark)
        return before, during, properties(spark)

    before, during, after = in_a_thread_of_its_own(work)

    assert before == after
    assert during == ["a-run/a-step", "a step", "false", "a-step"]


def test_the_session_is_the_threads_while_it_works_and_the_former_one_afterwards(spark):
    sessions = spark._jvm.org.apache.spark.sql.SparkSession
    other = spark.newSession()

    def work():
        sessions.setActiveSession(spark._jsparkSession)
        with booked(other, "group", "a step", pool="pool"):
            during = sessions.getActiveSession().get().equals(other._jsparkSession)
        return during, sessions.getActiveSession().get().equals(spark._jsparkSession)

    assert in_a_thread_of_its_own(work) == (True, True)
