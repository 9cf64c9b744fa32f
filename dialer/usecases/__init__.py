"""The story of a revisit, one chapter a module; read them in this order.

**A policy comes in**
1.  `import_policies`    an extract: read, sorted, stored
    `draw_samples`       of some policies only a share must be revisited
    `tell_import`        what became of every row
    `take_policies`      the same from the core system's own messages
    `enter_policy`       what one policy does to its case: new, or changed
    `policy_changes`     how a change is told in the history, with personal values masked
    `amend_policy`       a receipt, a cancellation or a new number by itself

**A call is made**
2.  `place_call`         due → claimed → dialled
    `gather_facts`       all that the rules want to know of a case
    `fill_script`        which script it is read, and what its blanks hold
    `preview_case`       a difficult case is read by its agent first
3.  `follow_call`        what the wire says becomes what the records say
4.  `conduct_interview`  the agent reads, the customer answers
    `carried_answers`    what earlier calls settled, and whether their sound proves it
    `write_down`         what the agent is typing is kept as it is typed
5.  `finish_attempt`     every attempt gets its one outcome
    `offer_appointment`  when a customer may be called again
    `finish_forgotten`   a wrap-up that nobody confirms
6.  `keep_recording`     sound sealed, stored, read back
    `judge_refusal`      a refusal is heard by a second pair of ears

**What failed, or was complained of**
7.  `open_ticket`        gets the ticket of its round
8.  `issue_tickets`      the daily extraction sends it down, its clock starts
9.  `hand_down_ticket`   city → county or department → salesperson, who signs
10. `reply_from_below`   the reply is written and sent up
    `check_reply`        the rules look over it, as it is typed and when it is sent
    `attach_to_ticket`   scans and photographs with it
11. `check_ticket`       the third level checks it, the branch accepts it
12. `answer_ticket`      it is answered, and the case is dialled again

**The end**
13. `close_case`         nothing closes without its proof
    `prove_case`         what that proof is
    `settle_waiting`     a case goes on when all it waited for has come
    `tell_results`       what became of a case, in the words of the core system
    `tell_core`          every message at least once, a case's in their order

**At the side: the floor**
    `staff_the_floor`    agents sit down, get ready, pause and go
    `look_at_desk`       what an agent's desk shows at one moment
    `watch_floor`        who does what, what waits, what is wrong
    `listen_in`          a supervisor on a live call
    `steer_dialling`     groups pause, keep shorter hours, take fewer seats, go first
    `keep_the_pool`      what the day does to waiting cases by itself

**At the side: looking things up**
    `access`             who sees what; here and nowhere else
    `case_file`          all that is known of one case
    `explain_case`       why it is dialled now, later or never
    `look_at_tickets`    tickets as the desks of four levels show them
    `hear_recordings`    sealed sound for people's ears and eyes
    `reveal_number`      one whole number, for a reason and on record
    `search`             cases and sound, by what somebody remembers
    `count_cases`        what is counted, and the cases behind every count
    `report_figures`     the free-look's burn-down, the main figures

**At the side: what the site decides**
    `rulebook`           all decisions, gathered for the other chapters
    `govern_scripts`     wording: drafted, reviewed, published, retired
    `try_script`         a script walked before anybody is called with it
    `change_calendar`    a year's schedule comes in force
    `move_deadlines`     what a corrected calendar moves
    `shape_organisation` the tree of branches

**At the side: who may come in**
    `manage_users`       accounts, kept by an administrator
    `log_in`             sessions, and what guessing leads to
    `second_factor`      a code beside the password
    `own_account`        where one is logged in, and the password
    `api_tokens`         tokens of other systems' programs
    `audit`              who saw or decided what

**Tools of all chapters**
    `answer_once`        a request that is sent again gets the answer it got
    `try_again`          who loses a race for a record reads it anew
"""
